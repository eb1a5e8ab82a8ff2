// SPDX-License-Identifier: GPL-2.0-only
// All that moves on the page: which scenario is shown, filters, sorting, tooltips, the theme.
// It only hides, orders and points at what is in the document; text is set as text, never as markup.
"use strict";
(() => {
const $ = (id) => document.getElementById(id);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const articles = all("main > article");
const lines = (text) => (text ? text.split("\n") : []);

// --- Light and dark ---------------------------------------------------------------------------
$("theme").addEventListener("click", () => {
	const root = document.documentElement;
	const dark = root.dataset.theme ? root.dataset.theme === "dark"
		: matchMedia("(prefers-color-scheme: dark)").matches;
	root.dataset.theme = dark ? "light" : "dark";
});

// --- Which scenario ---------------------------------------------------------------------------
function options(select, names) {
	const kept = select.value;
	select.length = 1;
	for (const name of names) select.add(new Option(name, name));
	select.value = names.includes(kept) ? kept : "";
	select.parentNode.hidden = !names.length;
}

function choose(id) {
	for (const article of articles) article.classList.toggle("chosen", article.id === id);
	const chosen = $(id);
	if (!chosen) return;
	if ($("chooser")) $("chooser").value = id;
	for (const link of all("#overview a"))
		link.toggleAttribute("aria-current", link.getAttribute("href") === "#" + id);
	options($("filter-lock"), lines(chosen.dataset.locks));
	options($("filter-task"), lines(chosen.dataset.tasks));
	filter();
}

function follow() {
	const target = $(location.hash.slice(1));
	const article = target && target.closest("article");
	if (article) choose(article.id);
	if (target) target.scrollIntoView();
}

// --- Filters ----------------------------------------------------------------------------------
function filter() {
	const lock = $("filter-lock").value, task = $("filter-task").value;
	const site = $("filter-site").value.trim().toLowerCase();
	const article = articles.find((each) => each.classList.contains("chosen"));
	const any = Boolean(lock || task || site);
	let hidden = 0, shown = 0;
	document.body.classList.toggle("filtered", any);
	$("filter-none").hidden = !any;
	for (const element of all("[data-lock], [data-tasks], [data-sites]", article)) {
		if (element === article) continue;
		const { lock: ofLock, tasks, sites } = element.dataset;
		const fits = (!lock || !ofLock || ofLock === lock)
			&& (!task || !tasks || lines(tasks).includes(task))
			&& (!site || !sites || sites.toLowerCase().includes(site));
		element.hidden = !fits;
		if (element.tagName === "TR") fits ? shown++ : hidden++;
	}
	$("filter-said").textContent = any ? `${shown} rows, ${hidden} hidden` : "";
}

// --- Sorting ----------------------------------------------------------------------------------
function sort(button) {
	const head = button.closest("th"), row = head.parentNode;
	const column = [...row.children].indexOf(head), body = head.closest("table").tBodies[0];
	const key = (line) => {
		const cell = line.cells[column];
		return cell.dataset.v === undefined ? cell.textContent.toLowerCase() : Number(cell.dataset.v);
	};
	const numeric = body.rows.length && typeof key(body.rows[0]) === "number";
	const now = head.getAttribute("aria-sort");
	const order = now ? (now === "descending" ? "ascending" : "descending")
		: (numeric ? "descending" : "ascending");
	const sign = order === "ascending" ? 1 : -1;
	const rows = [...body.rows].map((line) => [key(line), line]);
	rows.sort(([a], [b]) => (a < b ? -sign : a > b ? sign : 0));
	for (const each of row.children) each.removeAttribute("aria-sort");
	head.setAttribute("aria-sort", order);
	body.append(...rows.map(([, line]) => line));
}

// --- Tooltips: by the pointer, and by the arrow keys in a chart that has the focus ----------------
const tip = $("tip");
let marked = null;

function place() {
	const at = marked.getBoundingClientRect(), width = tip.offsetWidth, height = tip.offsetHeight;
	const left = Math.min(Math.max(4, at.left + at.width / 2 - width / 2), innerWidth - width - 4);
	const above = Math.max(at.top, 0) - height - 8;
	tip.style.left = `${left}px`;
	tip.style.top = `${above > 4 ? above : Math.min(at.bottom + 8, innerHeight - height - 4)}px`;
}

function point(mark) {
	if (marked) marked.classList.remove("on");
	marked = mark;
	tip.hidden = !mark;
	if (!mark) return;
	mark.classList.add("on");
	tip.textContent = mark.dataset.tip;
	place();
}

const byKeys = () => marked && marked.closest("svg").matches(":focus");

function walk(event) {
	const marks = all(".mark", event.currentTarget);
	const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, PageDown: 10, PageUp: -10,
		Home: -marks.length, End: marks.length };
	if (event.key === "Escape") return point(null);
	if (!(event.key in steps) || !marks.length) return;
	event.preventDefault();
	const at = marks.indexOf(marked);
	const next = at < 0 ? (steps[event.key] > 0 ? 0 : marks.length - 1) : at + steps[event.key];
	point(marks[Math.min(Math.max(next, 0), marks.length - 1)]);
}

for (const svg of all("svg[tabindex]")) {
	svg.addEventListener("keydown", walk);
	svg.addEventListener("blur", () => point(null));
}
document.addEventListener("pointerover", (event) => {
	const mark = event.target.closest && event.target.closest(".mark");
	if (mark || !byKeys()) point(mark || null);
});
// The event comes a frame after the scroll: by then the pointer may be on another mark, or the focus in another chart.
addEventListener("scroll", () => (marked && (byKeys() || marked.matches(":hover")) ? place() : point(null)),
	{ passive: true });

// --- Everything that is clicked -----------------------------------------------------------------
document.addEventListener("click", (event) => {
	const button = event.target.closest("button");
	if (!button) return;
	if (button.closest("thead")) sort(button);
	else if (button.classList.contains("unfold")) {
		const table = button.closest(".table").querySelector("table");
		const folded = table.classList.toggle("folded");
		button.textContent = folded ? `All ${table.tBodies[0].rows.length} rows` : "Fewer rows";
	} else if (button.classList.contains("copy")) {
		const code = button.parentNode.querySelector("code");
		getSelection().selectAllChildren(code);
		if (navigator.clipboard) navigator.clipboard.writeText(code.textContent).then(
			() => { button.textContent = "copied"; }, () => {});
	} else if (button.id === "filter-none") {
		$("filter-lock").value = $("filter-task").value = $("filter-site").value = "";
		filter();
	}
});

if (articles.length) {
	for (const id of ["filter-lock", "filter-task", "filter-site"]) $(id).addEventListener("input", filter);
	if ($("chooser")) $("chooser").addEventListener("input", () => {
		choose($("chooser").value);
		history.replaceState(null, "", "#" + $("chooser").value);
	});
	addEventListener("hashchange", follow);
	choose(document.body.dataset.first);
	follow();
}
})();
