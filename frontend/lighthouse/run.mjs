// Lighthouse on pages of a running server: node run.mjs http://127.0.0.1:8000 [path …]. Prints the four scores of each page, and what
// lowered them; Chromium is the machine's own.
import { launch } from "chrome-launcher";
import lighthouse from "lighthouse";

const [origin = "http://127.0.0.1:8000", ...given] = process.argv.slice(2);
const paths = given.length ? given : ["/", "/doc/person/kaoru-kenyoshi", "/sparql"];
const categories = ["performance", "accessibility", "best-practices", "seo"];
const chrome = await launch({
  chromePath: process.env.CHROME_PATH ?? "/usr/bin/chromium",
  chromeFlags: ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"],
});
try {
  console.log(`${"page".padEnd(30)} ${categories.join("  ")}`);
  for (const path of paths) {
    const { lhr } = await lighthouse(`${origin}${path}`, { port: chrome.port, onlyCategories: categories, logLevel: "error" });
    const scores = categories.map((name) => String(Math.round(lhr.categories[name].score * 100)).padStart(name.length));
    console.log(`${path.padEnd(30)} ${scores.join("  ")}`);
    for (const category of categories) {
      for (const { id, weight } of lhr.categories[category].auditRefs) {
        const { score, title, displayValue = "" } = lhr.audits[id];
        if (weight > 0 && score !== null && score < 0.9) console.log(`  ${category}: ${title} ${displayValue}`);
      }
    }
  }
} finally {
  await chrome.kill();
}
