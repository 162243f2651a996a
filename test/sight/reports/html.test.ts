/** The page of a report in a real browser: it asks for nothing, runs nothing, and everybody can read it. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { writeHtml } from "../../../src/sight/reports/html-report.ts";
import type { Report } from "../../../src/sight/reports/report.ts";
import { TestHome } from "../../cli/program.ts";
import { ChromiumPage } from "../../support/chromium.ts";
import { sampleFinding, sampleReport } from "../../support/report-samples.ts";
import { run } from "../run-sight.ts";
import { hostileNames } from "./hostile-names.ts";
import { hostileReport } from "./hostile-report.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let page: ChromiumPage;
let home: TestHome;
before(async () => {
  home = new TestHome();
  page = await ChromiumPage.open();
});
after(async () => {
  await page[Symbol.asyncDispose]();
  home[Symbol.dispose]();
});

/** Opens a page that was written; what it asks the network for and complains of is counted from then on. */
async function show(text: string, name: string): Promise<void> {
  const file = home.at(name);
  writeFileSync(file, text);
  page.requests.length = 0;
  page.complaints.length = 0;
  await page.go(pathToFileURL(file).href);
}

async function scanned(): Promise<string> {
  const { stdout } = await run("scan", "--dump", join("..", "reports", "shop.yaml"), "-o", "html");
  return stdout;
}

const written = (report: Report) => [...writeHtml(report)].join("");

async function violations(): Promise<unknown> {
  await page.evaluate(axe);
  return await page.evaluate(
    "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => " +
      "violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).slice(0, 3).join(' ')))",
  );
}

const openAll = "document.querySelectorAll('details').forEach((each) => { each.open = true; })";

test("The page asks the network for nothing, and its policy forbids script, style and requests that are not its own", async () => {
  await show(await scanned(), "scan.html");
  assert.equal(page.requests.length, 1, "only the page itself");
  assert.deepEqual(page.complaints, []);
  assert.match(String(await page.evaluate("document.body.innerText")), /The worst paths/);
  const style = "getComputedStyle(document.querySelector('.badge')).borderTopStyle";
  assert.equal(await page.evaluate(style), "solid", "its own style sheet is allowed");
  const attack =
    "new Promise((resolve) => { const refused = []; " +
    "addEventListener('securitypolicyviolation', ({ effectiveDirective }) => { " +
    "refused.push(effectiveDirective); if (refused.length === 4) resolve(refused.sort()); }); " +
    "const add = (html) => document.body.append(document.createRange().createContextualFragment(html)); " +
    "add('<script>globalThis.owned = true</' + 'script>'); add('<img src=\"http://127.0.0.1:9/p.png\">'); " +
    "add('<style>body { display: none }</style>'); add('<p style=\"color: red\">x</p>'); })";
  const refused = await page.evaluate(attack);
  assert.deepEqual(refused, ["img-src", "script-src-elem", "style-src-attr", "style-src-elem"]);
  assert.equal(await page.evaluate("globalThis.owned"), undefined);
});

test("Hostile names are text: the page has the elements that it has with harmless names, and shows them all", async () => {
  const harmless = hostileNames.map((_, index) => `name-${index}`);
  const census =
    "JSON.stringify(Array.from(document.querySelectorAll('*'), ({ localName }) => localName)" +
    ".filter((name) => name !== 'text').sort().join(' '))"; // a long name takes two lines of a drawing
  await show(written(hostileReport(harmless)), "harmless.html");
  const expected = await page.evaluate(census);
  await show(written(hostileReport(hostileNames)), "hostile.html");
  assert.equal(await page.evaluate(census), expected);
  assert.deepEqual([page.requests.length, page.complaints], [1, []]);
  assert.match(String(await page.evaluate("document.title")), /^Strongroom scan: \d+ findings$/);
  await page.evaluate(openAll);
  const text = String(await page.evaluate("document.body.textContent"));
  for (const words of [
    "<script>document.title='owned'</script>",
    "\\u{202e}jane\\u{2066}",
    "=HYPERLINK(",
    "]]></failure>",
  ]) {
    assert.ok(text.includes(words), words);
  }
});

test("axe finds nothing in the page, light and dark, wide and narrow, with every finding open", async () => {
  for (const text of [await scanned(), written(hostileReport(hostileNames.slice(0, 12)))]) {
    for (const [scheme, width] of [["light", 1280] as const, ["dark", 360] as const]) {
      await page.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
      await page.send("Emulation.setDeviceMetricsOverride", {
        width,
        height: 900,
        deviceScaleFactor: 1,
        mobile: false,
      });
      await show(text, "axe.html");
      await page.evaluate(openAll);
      assert.deepEqual(await violations(), [], `${scheme}, ${width} wide`);
      const overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
      assert.equal(await page.evaluate(overflow), 0, `nothing but drawings is wider than ${width}`);
    }
  }
});

test("axe would find what is wrong", async () => {
  await show(await scanned(), "control.html");
  await page.evaluate("document.querySelector('main').append(document.createElement('img'))");
  assert.match(JSON.stringify(await violations()), /image-alt/);
});

test("A finding opens, and the page is walked, by the keyboard alone", async () => {
  await show(await scanned(), "keys.html");
  await page.press("Tab", 9);
  assert.equal(await page.evaluate("document.activeElement.className"), "skip");
  await page.press("Enter", 13);
  assert.equal(await page.evaluate("document.activeElement.id"), "findings");
  const active = "document.activeElement.localName";
  for (let presses = 0; (await page.evaluate(active)) !== "summary"; presses++) {
    assert.ok(presses < 20, "no finding is reached");
    await page.press("Tab", 9);
  }
  assert.equal(await page.evaluate("document.activeElement.parentElement.open"), false);
  await page.press("Enter", 13);
  assert.equal(await page.evaluate("document.activeElement.parentElement.open"), true);
});

test("A link to a finding opens it", async () => {
  await show(written(sampleReport([sampleFinding()])), "link.html");
  const opened = "document.querySelector('details').open";
  assert.equal(await page.evaluate(opened), false);
  await page.evaluate("document.querySelector('ol.worst > li > p > a').click()");
  assert.equal(await page.evaluate(opened), true);
});

test("The drawing has one column for each hop from the left to the right, and a list that says the same", async () => {
  const report = sampleReport([sampleFinding()]);
  await show(written(report), "drawing.html");
  const boxes = await page.evaluate(
    "Array.from(document.querySelectorAll('section:first-of-type .place'), (each) => " +
      "[each.getBoundingClientRect().left, each.getBoundingClientRect().top, each.querySelector('title').textContent])" +
      ".sort((a, b) => a[0] - b[0])",
  );
  const shown = boxes as [number, number, string][]; // as the expression says
  assert.deepEqual(
    shown.map(([, , text]) => text),
    ["User jane", "Pod prod/web", "ServiceAccount prod/operator", "every Secret"],
  );
  assert.equal(new Set(shown.map(([left]) => left)).size, 4);
  assert.equal(new Set(shown.map(([, top]) => top)).size, 1);
  const listed = await page.evaluate(
    "Array.from(document.querySelectorAll('ol.worst ol > li'), (each) => each.firstChild.textContent + " +
      "each.childNodes[1].textContent + each.childNodes[2].textContent)",
  );
  assert.deepEqual(
    listed,
    report.findings[0]?.path.map(({ from, verb, to }) => `${from} ${verb} ${to}`),
  );
});

test("Findings of a severity can be hidden without a script", async () => {
  await show(await scanned(), "filter.html");
  const visible = "document.querySelector('section.critical').checkVisibility()";
  assert.equal(await page.evaluate(visible), true);
  await page.evaluate("document.getElementById('s-critical').click()");
  assert.equal(await page.evaluate(visible), false);
});

test("On paper every finding is open", async () => {
  await show(await scanned(), "print.html");
  const body = "document.querySelector('details .body').checkVisibility({ contentVisibilityAuto: true })";
  assert.equal(await page.evaluate(body), false);
  await page.send("Emulation.setEmulatedMedia", { media: "print", features: [] });
  const height = "document.querySelector('details .body').getBoundingClientRect().height > 50";
  assert.equal(await page.evaluate(height), true);
  await page.send("Emulation.setEmulatedMedia", { media: "", features: [] });
});

test("A page of 10,000 findings opens and has them all", async () => {
  const findings = Array.from({ length: 10_000 }, (_, index) => {
    return sampleFinding({
      fingerprint: `f${index}`,
      object: { kind: "User", namespace: "", name: `u${index}`, place: "" },
    });
  });
  await show(written(sampleReport(findings)), "large.html");
  assert.equal(await page.evaluate("document.querySelectorAll('details').length"), 10_000);
  assert.equal(await page.evaluate("document.querySelectorAll('details svg.path').length"), 200);
});
