"use strict";
for (const table of document.querySelectorAll("table.rows[id]")) {
  const mine = (selector) => [...document.querySelectorAll(`${selector}[data-rows="${table.id}"]`)];
  const [field] = mine("input"), [chosen] = mine("button.chosen"), [shown] = mine(".shown");
  const bars = mine("button[data-how]"), rows = [...table.tBodies[0].rows];
  const texts = [];
  let drill = null;
  const text = (at) => (texts[at] ??= rows[at].textContent.toLowerCase());
  const within = (cell, range) => {
    const [, unit, low, high] = range.match(/^(?:(.*) )?(\S*)\.\.(\S*)$/);
    if (unit !== undefined && !cell.startsWith(`${unit} `)) return false;
    const size = Number(cell.replaceAll(",", "").match(/-?\d+(\.\d+)?/)?.[0] ?? NaN);
    return (low === "" ? size < Number(high) : size >= Number(low)) && (high === "" || size < Number(high));
  };
  const fits = {
    equals: (cell, value) => cell === value,
    begins: (cell, value) => cell.startsWith(value),
    within,
  };
  const apply = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    rows.forEach((row, at) => {
      const cell = drill && row.cells[drill.column].textContent;
      const fit = (!drill || fits[drill.how](cell.trim(), drill.value.trim())) && words.every((word) => text(at).includes(word));
      row.hidden = !fit;
      count += fit;
    });
    shown.textContent = `${count} / ${rows.length}`;
    chosen.hidden = !drill;
    chosen.textContent = drill ? drill.label : "";
    for (const bar of bars) bar.setAttribute("aria-pressed", String(drill !== null && drill.bar === bar));
  };
  for (const bar of bars)
    bar.addEventListener("click", () => {
      drill = drill?.bar === bar ? null : { ...bar.dataset, bar, label: bar.innerText };
      apply();
    });
  chosen.addEventListener("click", () => { drill = null; apply(); });
  field.addEventListener("input", apply);
  apply();
}
