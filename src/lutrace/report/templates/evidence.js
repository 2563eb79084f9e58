"use strict";
(function () {
  var holder = document.getElementById("evidence-data");
  var dialog = document.getElementById("evidence-panel");
  if (!holder || !dialog || typeof dialog.showModal !== "function") { return; }
  var data = null;
  var heads = { patient: "Patient", population: "Population", endpoint: "Fact", days: "Day from time zero", value: "Value",
    unit: "Unit", event: "Event", category: "Class", source_table: "Source table", source_row: "Source row",
    source: "Source digest", source_place: "Place in source",
    rule: "Rule", reason: "Not evaluable because" };
  var alwaysAbove = ["population", "endpoint"];
  var oftenAbove = ["unit", "source_table", "source", "rule"];

  function raw(name, index) {
    var value = data.columns[name][index];
    return value !== null && data.shared.indexOf(name) >= 0 ? data.texts[value] : value;
  }
  function text(name, index) {
    var value = raw(name, index);
    if (value === null) { return ""; }
    if (value === true) { return "yes"; }
    if (value === false) { return "no"; }
    if (typeof value === "number") { return String(Math.round(value * 10000) / 10000).replace("-", "\u2212"); }
    return ["population", "endpoint", "category"].indexOf(name) >= 0 ? (data.labels[value] || value) : value;
  }
  function element(kind, content, parent) {
    var made = document.createElement(kind);
    if (content !== null) { made.textContent = content; }
    parent.appendChild(made);
    return made;
  }
  function patientsWith(population, endpoint, category) {
    var found = {};
    for (var i = 0; i < data.columns.patient.length; i += 1) {
      var own = raw("category", i);
      if (own !== null && raw("population", i) === population && (own === category || data.labels[own] === category) &&
          (endpoint === null || raw("endpoint", i) === endpoint)) { found[data.columns.patient[i]] = true; }
    }
    return found;
  }
  function indicesOf(range, patients) {
    var indices = [];
    for (var i = range[0]; i < range[1]; i += 1) {
      if (patients.every(function (known) { return known[data.columns.patient[i]]; })) { indices.push(i); }
    }
    return indices;
  }
  function showFact(indices, body) {
    var first = indices[0];
    var filled = Object.keys(heads).filter(function (name) {
      return indices.some(function (i) { return data.columns[name][i] !== null; });
    });
    var above = filled.filter(function (name) {
      return oftenAbove.indexOf(name) >= 0 && indices.every(function (i) {
        return data.columns[name][i] === data.columns[name][first];
      });
    });
    var names = filled.filter(function (name) { return alwaysAbove.concat(above).indexOf(name) < 0; });
    var count = indices.length === 1 ? "1 row" : indices.length + " rows";
    element("h3", text("endpoint", first) + " (" + count + ")", body);
    element("p", above.map(function (name) { return heads[name] + ": " + text(name, first); }).join(" \u00b7 "),
      body).className = "meta";
    var table = element("table", null, body);
    var head = element("tr", null, element("thead", null, table));
    names.forEach(function (name) { element("th", heads[name], head).scope = "col"; });
    var rows = element("tbody", null, table);
    indices.forEach(function (i) {
      var row = element("tr", null, rows);
      names.forEach(function (name) { element("td", text(name, i), row).className = name; });
    });
  }
  function show(number) {
    if (data === null) { data = JSON.parse(holder.textContent); }
    var link = data.links[number];
    var patients = link.classes.map(function (wanted) {
      return patientsWith(link.population, wanted[0], wanted[1]);
    });
    document.getElementById("evidence-title").textContent = link.title;
    var body = document.getElementById("evidence-body");
    body.textContent = "";
    link.ranges.forEach(function (range) {
      var indices = indicesOf(range, patients);
      if (indices.length) { showFact(indices, body); }
    });
    dialog.showModal();
    dialog.scrollTop = 0;
  }
  document.addEventListener("click", function (happening) {
    var link = happening.target.closest ? happening.target.closest("a.ev") : null;
    if (link) { happening.preventDefault(); show(Number(link.getAttribute("data-ev"))); }
    if (happening.target === dialog || happening.target.id === "evidence-close") { dialog.close(); }
  });
}());
