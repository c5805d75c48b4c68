"use strict";
// What a person says of each issue: marked in the list and in popups, kept in this browser, saved as reviewed.csv for
// `dronepatrol dataset`. Ids, statuses and words come in data- attributes of #dp-review, the buttons from map_review.py.
const dpStatuses = ["suspected", "confirmed", "allowed", "rejected"]; // in the order of their keys, 1 to 4
const dpMostBytes = 16 * 1024 * 1024;

function dpFill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

// Rows of CSV (RFC 4180), each a list of fields; throws where a quote is never closed or in the middle of a field.
function dpRows(text, words) {
  const field = /(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n]*))(,|\r\n?|\n|$)/y;
  const rows = [[]];
  for (let end = ","; end === "," || field.lastIndex < text.length; ) {
    const found = field.exec(text);
    if (!found) throw new Error(dpFill(words.bad_csv, { line: rows.length }));
    rows.at(-1).push(found[1]?.replaceAll('""', '"') ?? found[2]);
    end = found[3];
    if (end !== "," && end !== "") rows.push([]);
  }
  return rows.filter((row) => row.length > 1 || row[0]); // without blank lines
}

// Status by the id of each issue that somebody looked at, under the rules by which `dronepatrol dataset` reads the file.
function dpReadReviewed(text, words) {
  const [header = [], ...rows] = dpRows(text, words);
  const [idAt, statusAt] = ["id", "status"].map((name) => header.lastIndexOf(name));
  if (idAt < 0 || statusAt < 0) throw new Error(words.bad_header);
  const said = new Map();
  rows.forEach((values, number) => {
    const row = { row: number + 1, id: values[idAt] ?? "", status: values[statusAt] ?? "", expected: dpStatuses.join(", ") };
    if (!row.id || !dpStatuses.includes(row.status)) throw new Error(dpFill(words.bad_row, row));
    if (row.status === "suspected") return; // nobody has said
    const before = said.get(row.id) ?? row.status;
    if (before !== row.status) throw new Error(dpFill(words.two_statuses, { ...row, before }));
    said.set(row.id, row.status);
  });
  return said;
}

function dpCsv(said) {
  const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return ["id,status\n", ...[...said].map(([id, status]) => `${quoted(id)},${status}\n`)].join("");
}

// The marks of one visit in localStorage; every method throws where the browser has none, or no room.
class DpKept {
  constructor(visit) {
    this.name = `dronepatrol.review.${visit}`;
  }
  read() {
    const entries = Object.entries(JSON.parse(localStorage.getItem(this.name)) ?? {});
    return new Map(entries.filter(([, status]) => dpStatuses.includes(status)));
  }
  write(marks) {
    localStorage.setItem(this.name, JSON.stringify(Object.fromEntries(marks)));
  }
}

// What the file of issues says, and over it what was marked here.
class DpReview {
  constructor(given, kept) {
    this.given = new Map(given);
    this.kept = kept;
    this.marks = new Map();
    this.isKept = true;
    this.isSaved = true;
  }
  status(id) {
    return this.marks.get(id) ?? this.given.get(id);
  }
  looked() {
    const all = [...this.given.keys()].map((id) => [id, this.status(id)]);
    return new Map(all.filter(([, status]) => status !== "suspected"));
  }
  mark(changes) {
    if (this.isKept) this.readAgain(); // another window may have marked some
    for (const [id, status] of changes) this.marks.set(id, status);
    this.isSaved = false;
    try {
      this.kept.write(this.marks);
      this.isKept = true;
    } catch {
      this.isKept = false;
    }
  }
  readAgain() { // returns the words to say where that failed
    try {
      this.marks = this.kept.read();
      return "";
    } catch (error) {
      if (error instanceof SyntaxError) return "unreadable";
      this.isKept = false;
      return "not_kept";
    }
  }
}

function dpDownload(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

// The bar under the list, and every button and marker that follows what is marked.
class DpBar {
  constructor(bar, map) {
    this.map = map;
    this.words = JSON.parse(bar.dataset.words);
    this.review = new DpReview(Object.entries(JSON.parse(bar.dataset.given)), new DpKept(bar.dataset.visit));
    this.opened = ""; // id of the issue whose popup is open
  }
  part(name) {
    return document.getElementById(`dp-${name}`);
  }
  say(text, isBad = false) {
    this.part("said").textContent = text;
    this.part("said").classList.toggle("dp-bad", isBad);
  }
  paint() {
    const done = this.review.looked().size;
    this.part("progress").textContent = dpFill(this.words.progress, { done, all: this.review.given.size });
    this.part("done").value = done;
    this.paintMarks(document);
    this.paintMarkers();
  }
  paintMarks(root) {
    for (const group of root.querySelectorAll(".dp-marks")) {
      const status = this.review.status(group.dataset.issue);
      for (const button of group.children) button.setAttribute("aria-pressed", String(button.dataset.status === status));
      if (group.parentElement.matches("#dp-list > li")) group.parentElement.dataset.status = status;
    }
  }
  paintMarkers() {
    for (const item of document.querySelectorAll(".dp-item[data-marker]")) {
      const marker = window[item.dataset.marker];
      const className = `dp-icon dp-${this.review.status(item.dataset.issue)}`;
      if (marker.options.icon.options.className === className) continue;
      marker.setIcon(L.divIcon({ ...marker.options.icon.options, className }));
      window[item.dataset.layer].refreshClusters(marker);
    }
  }
  mark(changes) {
    this.review.mark(changes);
    if (this.review.isKept) this.say(""); else this.say(this.words.not_kept, true);
    this.paint();
  }
  next() {
    const rows = [...document.querySelectorAll("#dp-list > li")];
    const at = rows.findIndex((row) => row.querySelector(".dp-marks").dataset.issue === this.opened);
    const inTurn = [...rows.slice(at + 1), ...rows.slice(0, at + 1)];
    const found = inTurn.find((row) => !row.hidden && row.dataset.status === "suspected");
    if (found) found.querySelector(".dp-item").click(); else this.say(this.words.all_done);
  }
  save() {
    const looked = this.review.looked();
    dpDownload("reviewed.csv", dpCsv(looked));
    this.review.isSaved = true;
    this.say(dpFill(this.words.saved, { count: looked.size }));
  }
  async load(file) {
    let said;
    try {
      if (file.size > dpMostBytes) throw new Error(this.words.too_large);
      said = dpReadReviewed(await file.text(), this.words);
    } catch (error) {
      this.say(dpFill(this.words.bad_file, { file: file.name, why: error.message }), true);
      return;
    }
    const here = [...said].filter(([id]) => this.review.given.has(id));
    const before = this.review.looked();
    const changed = here.filter(([id, status]) => (before.get(id) ?? status) !== status).length;
    this.mark(here);
    const counts = { count: here.length, changed, other: said.size - here.length };
    if (this.review.isKept) this.say(dpFill(this.words.loaded, counts));
  }
  press(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("input[type=search]")) return;
    const issue = event.target.closest(".dp-marks")?.dataset.issue ?? this.opened;
    const status = dpStatuses[Number(event.key) - 1];
    if (event.key.toLowerCase() === "n") this.next();
    else if (status && issue) this.mark([[issue, status]]);
  }
  open(popup) {
    this.opened = popup.querySelector(".dp-marks").dataset.issue;
    this.paintMarks(popup);
    for (const item of document.querySelectorAll(".dp-item")) item.classList.toggle("dp-on", item.dataset.issue === this.opened);
    document.querySelector(".dp-on").parentElement.scrollIntoView({ block: "nearest" });
  }
  listen() {
    document.addEventListener("click", (event) => { // before Leaflet stops it in popups
      const button = event.target.closest(".dp-marks button");
      if (button) this.mark([[button.parentElement.dataset.issue, button.dataset.status]]);
    }, true);
    document.addEventListener("keydown", (event) => this.press(event));
    this.map.on("popupopen", ({ popup }) => this.open(popup.getElement()));
    this.map.on("popupclose", () => { this.opened = ""; });
    this.part("next").addEventListener("click", () => this.next());
    this.part("save").addEventListener("click", () => this.save());
    this.part("load").addEventListener("click", () => this.part("file").click());
    this.part("file").addEventListener("change", async ({ target }) => {
      if (target.files.length) await this.load(target.files[0]);
      target.value = ""; // so that the same file can be chosen again
    });
    window.addEventListener("storage", (event) => { // another window has marked some
      const isOurs = event.key === this.review.kept.name && this.review.isKept; // else unsaved marks would be lost
      if (isOurs && !this.review.readAgain()) this.paint();
    });
    window.addEventListener("beforeunload", (event) => {
      if (!this.review.isKept && !this.review.isSaved) event.preventDefault();
    });
  }
}

window.addEventListener("load", () => {
  const found = document.getElementById("dp-review");
  if (!found) return; // no issues
  const bar = new DpBar(found, window[document.querySelector(".folium-map").id]);
  const trouble = bar.review.readAgain();
  if (trouble) bar.say(bar.words[trouble], true);
  bar.paint();
  bar.listen();
});
