// Sorts, filters and folds tables that are complete without it. The state lives in the address, after the '#':
// <table>.sort=<column>.<a|d>, <table>.find=<words> and <table>.hide=<columns>, so that a view can be linked to.
"use strict";
(() => {
  const state = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
  const save = (key, value) => {
    if (value) state.set(key, value); else state.delete(key);
    const text = state.toString();
    history.replaceState(null, "", text ? "#" + text : location.pathname + location.search);
  };
  const make = (tag, text, parts = {}) => Object.assign(document.createElement(tag), { textContent: text }, parts);
  const value = (row, index) => {
    const cell = row.cells[index];
    const text = cell.dataset.v ?? cell.textContent.trim();
    return text !== "" && Number.isFinite(Number(text)) ? Number(text) : text.toLowerCase();
  };
  const compare = (a, b) => typeof a !== typeof b ? (typeof a === "number" ? -1 : 1) : a < b ? -1 : a > b ? 1 : 0;
  const say = make("p", "", { className: "hidden", role: "status" });
  document.body.append(say);

  const sort = (table, header, direction) => {
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    const up = direction === "a";
    header.setAttribute("aria-sort", up ? "ascending" : "descending");
    const at = header.cellIndex;
    const rows = [...table.tBodies[0].rows].sort((x, y) => (up ? 1 : -1) * compare(value(x, at), value(y, at)));
    table.tBodies[0].append(...rows);
    for (const row of rows) row.classList.remove("group"); // rules mark ranks, which now lie apart
  };

  const sortable = (table) => {
    for (const header of table.tHead.querySelectorAll("[data-sort]")) {
      const button = make("button", header.firstChild.textContent.trim(), { type: "button" });
      header.firstChild.replaceWith(button);
      button.addEventListener("click", () => {
        const first = header.classList.contains("num") && header.dataset.key !== "rank" ? "d" : "a";
        const direction = { ascending: "d", descending: "a" }[header.getAttribute("aria-sort")] ?? first;
        sort(table, header, direction);
        save(table.id + ".sort", header.dataset.key + "." + direction);
        say.textContent = `Sorted by ${button.textContent}, ${header.getAttribute("aria-sort")}`;
      });
    }
    const [key, direction] = (state.get(table.id + ".sort") ?? "").split(".");
    const wanted = [...table.tHead.rows[0].cells].find((one) => one.dataset.key === key);
    if (wanted) sort(table, wanted, direction);
  };

  const foldable = (table, tools) => {
    const headers = [...table.tHead.rows[0].cells];
    const off = new Set(state.get(table.id + ".hide")?.split("-"));
    const box = make("details", "", { className: "columns" });
    box.append(make("summary", "Columns"));
    const apply = () => headers.forEach((one, index) => {
      for (const row of table.rows) row.cells[index].hidden = off.has(one.dataset.key);
    });
    headers.forEach((one, index) => {
      const key = one.dataset.key;
      if (key === "model" || !index) return; // what names the row stays
      const input = make("input", "", { type: "checkbox", checked: !off.has(key) });
      const label = make("label", "");
      label.append(input, " " + one.firstChild.textContent.trim());
      box.append(label);
      input.addEventListener("change", () => {
        off[input.checked ? "delete" : "add"](key);
        apply();
        save(table.id + ".hide", [...off].join("-"));
      });
    });
    apply();
    tools.append(box);
  };

  const filterable = (table, tools) => {
    const input = make("input", "", { type: "search" });
    const label = make("label", "Filter ");
    const shown = make("span", "", { role: "status" });
    label.append(input);
    tools.append(label, shown);
    const apply = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      const rows = [...table.tBodies[0].rows];
      for (const row of rows) row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
      shown.textContent = words.length ? `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows` : "";
    };
    input.value = state.get(table.id + ".find") ?? "";
    input.addEventListener("input", () => { apply(); save(table.id + ".find", input.value.trim()); });
    apply();
  };

  for (const table of document.querySelectorAll("table[data-rows]")) {
    const tools = make("div", "", { className: "tools" });
    if ("filter" in table.dataset) filterable(table, tools);
    if (table.tHead.rows[0].cells.length > 6) foldable(table, tools);
    if (Number(table.dataset.rows) > 1) sortable(table);
    if (tools.firstChild) table.closest("figure").before(tools);
  }
})();
