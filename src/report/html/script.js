"use strict";
// Makes the tables of rows sortable and filterable. The page is complete without it.
(() => {
  const order = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" }).compare;
  for (const table of document.querySelectorAll("table.rows")) {
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, place) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const keyed = [...body.rows].map((row) => [row.cells[place].textContent, row]);
        // Nothing stands last, whichever way the rest goes.
        keyed.sort(([a], [b]) => (a === "") - (b === "") || (down ? order(b, a) : order(a, b)));
        body.append(...keyed.map(([, row]) => row));
      });
    });

    const tools = document.createElement("p");
    const label = document.createElement("label");
    const input = document.createElement("input");
    const shown = document.createElement("output");
    tools.className = "tools";
    input.type = "search";
    label.append("Show only rows with ", input);
    tools.append(label, shown);
    table.closest(".scroll").before(tools);
    let waiting;
    const filter = () => {
      const wanted = input.value.trim().toLowerCase();
      let n = 0;
      for (const row of body.rows) {
        row.hidden = wanted !== "" && !row.textContent.toLowerCase().includes(wanted);
        n += row.hidden ? 0 : 1;
      }
      shown.textContent = wanted === "" ? "" : `${n} of ${body.rows.length} rows`;
    };
    input.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(filter, 150);
    });
  }
})();
