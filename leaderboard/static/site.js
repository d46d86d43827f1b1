// Sorts, filters and folds tables that are complete without it. The state lies in the address, after the '#':
// <table>.sort=<column>.<a|d>, <table>.find=<words> and <table>.hide=<columns>, so that a view can be linked to.
"use strict";
const state = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
const save = (key, value) => {
  if (value) state.set(key, value); else state.delete(key);
  const text = String(state);
  history.replaceState(null, "", text ? "#" + text : location.pathname + location.search);
};
const make = (tag, parts, ...children) => {
  const node = Object.assign(document.createElement(tag), parts);
  node.append(...children);
  return node;
};
const said = make("p", { className: "hidden", role: "status" });
document.body.append(said);

const value = (row, index) => {
  const text = row.cells[index].dataset.v ?? row.cells[index].textContent.trim();
  return text && isFinite(text) ? Number(text) : text.toLowerCase();
};
const compare = (a, b) => typeof a != typeof b ? (typeof a == "number" ? -1 : 1) : a < b ? -1 : +(a > b);

const sort = (table, headers, header, up) => {
  for (const one of headers) one.removeAttribute("aria-sort");
  header.ariaSort = up ? "ascending" : "descending";
  const at = header.cellIndex;
  const rows = [...table.tBodies[0].rows].sort((x, y) => (up ? 1 : -1) * compare(value(x, at), value(y, at)));
  for (const row of rows) row.classList.remove("group"); // rules mark ranks, which now lie apart
  table.tBodies[0].append(...rows);
};

const sortable = (table, headers) => {
  for (const header of headers.filter((one) => "sort" in one.dataset)) {
    const name = header.firstChild.textContent.trim();
    const first = !header.classList.contains("num") || header.dataset.key == "rank";
    const onclick = () => {
      const up = header.ariaSort ? header.ariaSort != "ascending" : first;
      sort(table, headers, header, up);
      save(table.id + ".sort", header.dataset.key + (up ? ".a" : ".d"));
      said.textContent = `Sorted by ${name}, ${header.ariaSort}`;
    };
    header.firstChild.replaceWith(make("button", { type: "button", onclick }, name));
  }
  const [key, direction] = (state.get(table.id + ".sort") ?? "").split(".");
  const wanted = headers.find((one) => one.dataset.key == key);
  if (wanted) sort(table, headers, wanted, direction == "a");
};

const foldable = (table, headers, tools) => {
  const off = new Set(state.get(table.id + ".hide")?.split("-"));
  const apply = () => headers.forEach((one, at) => {
    for (const row of table.rows) row.cells[at].hidden = off.has(one.dataset.key);
  });
  const box = make("details", { className: "columns" }, make("summary", {}, "Columns"));
  for (const { dataset: { key }, firstChild } of headers.slice(1)) {
    if (key == "model") continue; // what names the row stays
    const input = make("input", { type: "checkbox", checked: !off.has(key) });
    input.onchange = () => {
      off[input.checked ? "delete" : "add"](key);
      apply();
      save(table.id + ".hide", [...off].join("-"));
    };
    box.append(make("label", {}, input, " " + firstChild.textContent.trim()));
  }
  apply();
  tools.append(box);
};

const filterable = (table, tools) => {
  const input = make("input", { type: "search", value: state.get(table.id + ".find") ?? "" });
  const shown = make("span", { role: "status" });
  const apply = () => {
    const words = input.value.toLowerCase().split(/\s+/);
    const rows = [...table.tBodies[0].rows];
    for (const row of rows) row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
    shown.textContent = input.value.trim() && `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows`;
  };
  input.oninput = () => { apply(); save(table.id + ".find", input.value.trim()); };
  apply();
  tools.append(make("label", {}, "Filter ", input), shown);
};

for (const table of document.querySelectorAll("table[data-rows]")) {
  const headers = [...table.tHead.rows[0].cells];
  const tools = make("div", { className: "tools" });
  if ("filter" in table.dataset) filterable(table, tools);
  if (headers.length > 6) foldable(table, headers, tools);
  if (table.dataset.rows > 1) sortable(table, headers);
  if (tools.firstChild) table.closest("figure").before(tools);
}
