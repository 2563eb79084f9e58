"use strict";
(function () {
  var holder = document.getElementById("evidence-data");
  var dialog = document.getElementById("evidence-panel");
  if (!holder || !dialog || typeof dialog.showModal !== "function") { return; }
  var data = null;
  var heads = { patient: "Patient", population: "Population", endpoint: "Fact", days: "Day from time zero", value: "Value",
    unit: "Unit", event: "Event", category: "Class", source_table: "Source table", source_row: "Source row",
    rule: "Rule", reason: "Not evaluable because" };
  function text(name, index) {
    var value = data.columns[name][index];
    if (value === null) { return ""; }
    if (data.shared.indexOf(name) >= 0) {
      value = data.texts[value];
      return name === "population" || name === "endpoint" || name === "category" ? (data.labels[value] || value) : value;
    }
    if (value === true) { return "yes"; }
    if (value === false) { return "no"; }
    return typeof value === "number" ? String(Math.round(value * 10000) / 10000).replace("-", "\u2212") : String(value);
  }
  function raw(name, index) {
    var value = data.columns[name][index];
    return value === null ? null : data.texts[value];
  }
  function element(kind, content, parent) {
    var made = document.createElement(kind);
    if (content !== null) { made.textContent = content; }
    parent.appendChild(made);
    return made;
  }
  function show(number) {
    if (data === null) { data = JSON.parse(holder.textContent); }
    var link = data.links[number], indices = [];
    link[1].forEach(function (range) {
      for (var i = range[0]; i < range[1]; i += 1) {
        if (link[2] === null || raw("category", i) === link[2]) { indices.push(i); }
      }
    });
    var names = Object.keys(heads).filter(function (name) {
      return indices.some(function (i) { return data.columns[name][i] !== null; });
    });
    document.getElementById("evidence-title").textContent = link[0];
    var body = document.getElementById("evidence-body");
    body.textContent = "";
    element("p", indices.length + " rows stand behind this number.", body);
    var table = element("table", null, body);
    var head = element("tr", null, element("thead", null, table));
    names.forEach(function (name) { element("th", heads[name], head).scope = "col"; });
    var rows = element("tbody", null, table);
    indices.forEach(function (i) {
      var row = element("tr", null, rows);
      names.forEach(function (name) { element("td", text(name, i), row).className = name; });
    });
    dialog.showModal();
  }
  document.addEventListener("click", function (happening) {
    var link = happening.target.closest ? happening.target.closest("a.ev") : null;
    if (link) { happening.preventDefault(); show(Number(link.getAttribute("data-ev"))); }
    if (happening.target === dialog || happening.target.id === "evidence-close") { dialog.close(); }
  });
}());
