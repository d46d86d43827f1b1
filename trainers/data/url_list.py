"""Web addresses held against a list of domains."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

from finbench.errors import InputError
from trainers.files import sha256

#: The list that ships, by the name that recipes use.
FINANCE = "finance"
_SHIPPED = Path(__file__).with_name("finance_domains.yaml")
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_WITH_HOST = re.compile(r"([a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_ENTRY = re.compile(rf"{_LABEL}(\.{_LABEL})+(/[^\s?#]*)?")


@dataclass(frozen=True, kw_only=True)
class UrlList:
    """Domains with the beginnings of paths that count.

    Attributes:
        name: `finance`, or the file's name.
        sha256: fingerprint of the entries, whatever their order and groups.
        paths: domain to beginnings of paths; an empty one stands for the whole domain.
    """

    name: str
    sha256: str
    paths: dict[str, tuple[str, ...]] = field(repr=False)

    def __len__(self) -> int:
        return sum(map(len, self.paths.values()))

    def match(self, url: str) -> str | None:
        """The entry that an address belongs to, None where it belongs to none.

        The host is a listed domain or below it; the path is the listed one or below it (`/money` is no beginning of
        `/moneyball`). What stands in the query or before an `@` does not count.
        """
        found = _parts(url)
        if found is None:
            return None
        host, path = found
        labels = host.split(".")
        for first in range(len(labels) - 1):
            domain = ".".join(labels[first:])
            for prefix in self.paths.get(domain, ()):
                if not prefix or path == prefix or path.startswith(f"{prefix}/"):
                    return domain + prefix
        return None


def read_url_list(name: str) -> UrlList:
    """The list that ships (`finance`), or a YAML file: a list of entries, or groups of them by name.

    Raises:
        InputError: the file cannot be read or an entry is no domain with a path.
    """
    path = _SHIPPED if name == FINANCE else Path(name)
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"the list of domains {path} cannot be read: {error.strerror or error}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"the list of domains {path} is not usable as YAML ({str(error).splitlines()[0]})") from None
    return url_list(FINANCE if name == FINANCE else path.name, _entries(value, path))


def url_list(name: str, entries: Iterable[str]) -> UrlList:
    """A list made of entries such as `sec.gov` and `reuters.com/business`.

    Raises:
        InputError: an entry is no domain, or no entry is given.
    """
    paths: dict[str, set[str]] = {}
    for entry in entries:
        plain = entry.strip().lower().rstrip("/")
        if not _ENTRY.fullmatch(plain):
            raise InputError(
                f"{entry!r} in the list of domains {name} is not usable; write a domain and perhaps the beginning of a "
                "path, such as sec.gov or reuters.com/business"
            )
        domain, slash, path = plain.removeprefix("www.").partition("/")
        paths.setdefault(domain, set()).add(slash + path)
    if not paths:
        raise InputError(f"the list of domains {name} is empty")
    known = {domain: tuple(sorted(paths[domain])) for domain in sorted(paths)}
    return UrlList(name=name, sha256=sha256("\n".join(d + p for d, of in known.items() for p in of)), paths=known)


def _entries(value: Any, path: Path) -> Iterator[str]:
    groups = list(value.values()) if isinstance(value, dict) else [value]
    for group in groups:
        if not isinstance(group, list) or not all(isinstance(entry, str) for entry in group):
            raise InputError(f"the list of domains {path} must be a list of domains, or groups with lists of them")
        yield from group


def _parts(url: str) -> tuple[str, str] | None:
    """Host and path of an address in lower case, the path without `.` and `..`; None where there is no host."""
    text = url.strip()
    try:
        parts = urlsplit(text if _WITH_HOST.match(text) else f"//{text}")
        host = (parts.hostname or "").rstrip(".").lower()
    except ValueError:
        return None
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            return None
    path = posixpath.normpath(f"/{unquote(parts.path)}".lower())
    return (host, "/" + path.strip("/")) if host else None
