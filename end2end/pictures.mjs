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
} finally {
  await browser.close();
}
