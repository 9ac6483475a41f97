"use strict";
/* Tables are sorted by the buttons in their headings; without this script they stand as they are. */

const NOTHING = "\u2014";

function keyOf(cell) {
  if (cell.dataset.value !== undefined) return Number(cell.dataset.value);
  const text = cell.textContent.trim();
  if (text === NOTHING || text === "") return null;
  const number = /^<?\s*([+-]?\d[\d.]*)/.exec(text);
  return number ? Number(number[1]) : text;
}

function compareKeys(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}

function sortBy(body, column, direction) {
  const rows = [...body.rows].map((row) => ({ row, key: keyOf(row.cells[column]) }));
  rows.sort((a, b) => {
    if (a.key === null || b.key === null) return (a.key === null) - (b.key === null);
    return direction * compareKeys(a.key, b.key);
  });
  body.append(...rows.map((entry) => entry.row));
}

function startsDown(body, column) {
  return [...body.rows].some((row) => typeof keyOf(row.cells[column]) === "number");
}

function turn(heading, heads, body) {
  const column = heading.cellIndex;
  const before = heading.getAttribute("aria-sort");
  const down = before ? before === "ascending" : startsDown(body, column);
  for (const other of heads) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", down ? "descending" : "ascending");
  sortBy(body, column, down ? -1 : 1);
}

function makeSortable(table) {
  const body = table.querySelector("tbody.body");
  if (!body || body.rows.length < 2) return;
  const heads = [...table.querySelectorAll("thead th")];
  for (const heading of heads) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => turn(heading, heads, body));
    heading.append(button);
  }
}

/* What is wider than the window can be scrolled by keyboard too. */
function reachable(box) {
  if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
}

document.querySelectorAll("figure.febench table").forEach(makeSortable);
document.querySelectorAll("figure.febench, .scroll, .sheet, pre").forEach(reachable);
