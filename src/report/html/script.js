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
    const all = document.createElement("button");
    tools.className = "tools";
    input.type = "search";
    label.append("Show only rows with ", input);
    tools.append(label, shown);
    table.closest(".scroll").before(tools);
    // A state is told with its day, its run or why: what it is stands in front of them.
    const kind = (row, place) => heads[place].dataset.pick === "kind"
      ? row.cells[place].textContent.replace(/ ((on|until|since|for|by run) |\().*/, "") : row.cells[place].textContent;
    // Rows that a number above the table counts: columns, and the id there, or what they begin with.
    let counted = [];
    const fits = (row, [place, text]) => {
      const id = row.cells[place].dataset.id;
      return id !== undefined ? id === text : kind(row, place) === text || kind(row, place).startsWith(text + " ");
    };
    const picks = heads.flatMap((head, place) => {
      const values = "pick" in head.dataset ? [...new Set([...body.rows].map((row) => kind(row, place)))] : [];
      if (values.length < 2 || values.length > 300) return [];
      const pick = document.createElement("select");
      const named = document.createElement("label");
      pick.append(new Option("all", ""), ...values.sort(order).map((value) => new Option(value.slice(0, 80) || "none", "=" + value)));
      named.append(head.textContent + " ", pick);
      tools.insertBefore(named, shown);
      pick.addEventListener("change", () => filter());
      return [[place, pick]];
    });
    let waiting;
    const filter = () => {
      const wanted = input.value.trim().toLowerCase();
      const picked = picks.filter(([, pick]) => pick.value !== "");
      let n = 0;
      for (const row of body.rows) {
        row.hidden = (wanted !== "" && !row.textContent.toLowerCase().includes(wanted))
          || counted.some((part) => !fits(row, part))
          || picked.some(([place, pick]) => "=" + kind(row, place) !== pick.value);
        n += row.hidden ? 0 : 1;
      }
      shown.textContent = wanted === "" && picked.length === 0 && counted.length === 0 ? "" : `${n} of ${body.rows.length} rows`;
    };
    // Responses stand in two tables: with a due date, and without one.
    const links = table.getAttribute("aria-labelledby") === "accesses" ? [] : document.querySelectorAll("a[data-rows]");
    for (const link of links) {
      link.addEventListener("click", () => {
        counted = link.dataset.rows.split("\n").filter((part) => part !== "").map((part) => {
          const at = part.indexOf("=");
          return [Number(part.slice(0, at)), part.slice(at + 1)];
        });
        input.value = "";
        picks.forEach(([, pick]) => { pick.value = ""; });
        filter();
        all.hidden = counted.length === 0;
      });
    }
    all.type = "button";
    all.hidden = true;
    all.append("Show all rows");
    all.addEventListener("click", () => {
      counted = [];
      all.hidden = true;
      filter();
    });
    tools.append(all);
    input.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(filter, 150);
    });
  }
})();
