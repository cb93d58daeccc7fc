// Takes the README's pictures of the sample dataset.
//
//   anabranch serve --addr 127.0.0.1:3001 --data "$(mktemp -d)/data"
//   node pictures.mjs http://127.0.0.1:3001 /usr/bin/chromium

import { fileURLToPath } from "node:url";
import { chromium } from "@playwright/test";

const [url, executablePath = process.env.ANABRANCH_CHROMIUM ?? "/usr/bin/chromium"] = process.argv.slice(2);
if (!url) {
  console.error("usage: node pictures.mjs URL-OF-A-SERVER [CHROMIUM]");
  process.exit(2);
}
const picture = (name) => fileURLToPath(new URL(`../docs/pictures/${name}.png`, import.meta.url));

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-quic"] });
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 760 }, colorScheme: "light", baseURL: url });
  await page.goto("/local/bakery/tables/products");
  const cell = page.getByRole("grid").locator('tbody tr[aria-rowindex="5"] [aria-colindex="4"]');
  await cell.click();
  await page.keyboard.type("2.30");
  await page.keyboard.press("Enter");
  await page.getByText("Saved to your draft").waitFor();
  await page.reload();
  await page.getByRole("grid").locator('tbody tr[aria-rowindex="8"] [aria-colindex="2"]').click();
  await page.screenshot({ path: picture("table") });

  await page.goto("/local/bakery/history");
  await page.getByRole("link", { name: "Bring in the price list of summer" }).click();
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.screenshot({ path: picture("commit") });

  // A branch that is proposed, talked about and in conflict with what happened meanwhile.
  const send = async (path, data) => {
    const answer = await page.request.post(`/api/v1/datasets/local/bakery/${path}`, { data });
    if (!answer.ok()) throw new Error(`${path}: ${await answer.text()}`);
  };
  const change = (branch, message, rows) =>
    send("commits", {
      branch,
      message,
      operations: Object.entries(rows).map(([key, values]) => ({ op: "update", table: "products", key, values })),
    });
  await send("branches", { name: "autumn" });
  await change("autumn", "Prices of autumn", {
    P101: { price: "2.60", name: "Rye loaf with seeds" },
    P102: { price: "1.55" },
    P103: { price: "1.60" },
  });
  await change("main", "Flour is dearer", { P101: { price: "2.65", name: "Dark rye loaf" }, P102: { price: "1.50" } });
  await send("merge-requests", {
    title: "Prices of autumn",
    text: "Flour is **dearer** since September; the mill sent a [new list](https://example.org).",
    source_branch: "autumn",
    labels: ["prices"],
  });
  await send("merge-requests/1/comments", {
    text: "Round it to five cents?",
    table: "products",
    key: "P103",
    column: "price",
    suggestion: "1.65",
  });
  await page.goto("/local/bakery/requests/1");
  await page.screenshot({ path: picture("request") });
  await page.goto("/local/bakery/requests/1/conflicts");
  await page.getByRole("heading", { name: "Open conflicts" }).evaluate((heading) => heading.scrollIntoView());
  await page.screenshot({ path: picture("resolver") });
} finally {
  await browser.close();
}
