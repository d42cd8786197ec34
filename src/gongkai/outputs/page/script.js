"use strict";
// Without this script every unit is listed, one below the other. With it, a page of them at a time: all rows are taken
// out of the table and those that are wanted put back. Nothing is ever built from text.
document.documentElement.classList.add("script");
document.addEventListener("DOMContentLoaded", () => {
  const PAGE = 100;
  const MOST_PRINTED = 500;
  const byId = (id) => document.getElementById(id);
  const list = byId("list");
  const body = list.tBodies[0];
  const all = [...body.rows];
  const search = byId("search"), result = byId("result"), errors = byId("errors"), warnings = byId("warnings");
  const texts = new Map();
  let found = all, page = 0, order = null;

  const heads = [...list.tHead.rows[0].cells];
  const column = Object.fromEntries(heads.map((head) => [head.dataset.column, head.cellIndex]));
  const textAt = (row, place) => row.cells[place].textContent;
  const numberAt = (row, place) => Number(textAt(row, place).replaceAll(",", "") || -1);
  const plain = (text) => text.normalize("NFKC").toLowerCase();
  const textOf = (row) => {
    let text = texts.get(row);
    if (text === undefined) texts.set(row, text = plain([...row.cells].map((one) => one.textContent).join("\n")));
    return text;
  };

  function show(rows) {
    body.replaceChildren(...rows);
  }

  function turn() {
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    page = Math.min(Math.max(page, 0), pages - 1);
    show(found.slice(page * PAGE, (page + 1) * PAGE));
    byId("page").textContent = `第 ${page + 1} 页，共 ${pages} 页`;
    byId("previous").disabled = page === 0;
    byId("next").disabled = page === pages - 1;
    byId("count").textContent = found.length === all.length ? `共 ${all.length} 份` : `共 ${all.length} 份，符合条件的 ${found.length} 份`;
  }

  function look() {
    const words = plain(search.value).split(/\s+/).filter(Boolean);
    found = all.filter((row) =>
      (!result.value || textAt(row, column.result) === result.value) &&
      (!errors.checked || numberAt(row, column.errors) > 0) &&
      (!warnings.checked || numberAt(row, column.warnings) > 0) &&
      words.every((word) => textOf(row).includes(word)));
    if (order) found.sort(order);
    page = 0;
    turn();
  }

  function sortBy(head) {
    const place = head.cellIndex, up = head.getAttribute("aria-sort") !== "ascending", sign = up ? 1 : -1;
    const words = new Intl.Collator("zh-CN", { numeric: true });
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    order = head.classList.contains("n")
      ? (one, other) => sign * (numberAt(one, place) - numberAt(other, place))
      : (one, other) => sign * words.compare(textAt(one, place), textAt(other, place));
    look();
  }

  const buttons = heads.map((head) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    button.addEventListener("click", () => sortBy(head));
    head.replaceChildren(button);
    return button;
  });
  let waiting;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(look, 150);
  });
  for (const control of [result, errors, warnings]) control.addEventListener("change", look);
  byId("previous").addEventListener("click", () => { page -= 1; turn(); });
  byId("next").addEventListener("click", () => { page += 1; turn(); });
  addEventListener("beforeprint", () => {
    // Chromium prints no buttons where the headings are repeated on the next sheet.
    for (const head of heads) head.replaceChildren(head.textContent);
    show(found.slice(0, MOST_PRINTED));
    byId("printed").textContent = found.length > MOST_PRINTED ? `共 ${found.length} 份，这里印出前 ${MOST_PRINTED} 份。` : "";
  });
  addEventListener("afterprint", () => {
    heads.forEach((head, place) => head.replaceChildren(buttons[place]));
    byId("printed").textContent = "";
    turn();
  });
  look();
  document.documentElement.classList.add("ready");
});
