// How long the grid takes to jump to the last row, from the key to the picture.
//
//   node bench-grid.mjs http://127.0.0.1:3000/local/big/tables/rows /usr/bin/chromium
//
// Prints {"grid_jump_ms": the median of some jumps}. Every jump loads its rows: the page is a new one each time.

import { chromium } from "@playwright/test";

const JUMPS = 7;

const [url, executablePath = process.env.ANABRANCH_CHROMIUM ?? "/usr/bin/chromium"] = process.argv.slice(2);
if (!url) {
  console.error("usage: node bench-grid.mjs URL-OF-A-TABLE [CHROMIUM]");
  process.exit(2);
}

const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
});
try {
  const times = [];
  // The first page pays for the start of the browser and is not counted.
  for (let jump = 0; jump <= JUMPS; jump++) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.goto(url);
    const grid = page.getByRole("grid");
    await grid.locator("tbody tr[aria-rowindex]").first().waitFor();
    await grid.locator("tbody tr:first-child > :first-child").click();
    await page.waitForFunction(() => !document.querySelector("[role=grid][aria-busy]"));
    const time = await grid.evaluate(jumpToLastRow);
    if (jump > 0) times.push(time);
    await page.close();
  }
  times.sort((a, b) => a - b);
  const median = times[Math.floor(times.length / 2)];
  console.log(JSON.stringify({ grid_jump_ms: Math.round(median * 10) / 10 }));
} finally {
  await browser.close();
}

/** Runs in the page: from the key until the frame after the one that shows the last row's cells is begun. */
function jumpToLastRow(table) {
  // The header, and the blank row at the end, are counted as well.
  const last = Number(table.getAttribute("aria-rowcount")) - 1;
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const look = () => {
      const row = table.querySelector(`tbody tr[aria-rowindex="${last}"]`);
      if (row?.firstElementChild.textContent) {
        requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - start)));
      } else if (performance.now() - start > 10_000) {
        reject(new Error("The last row did not come within ten seconds."));
      } else {
        requestAnimationFrame(look);
      }
    };
    // The click gave the keyboard to the grid.
    document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "End", ctrlKey: true, bubbles: true, cancelable: true }));
    look();
  });
}
