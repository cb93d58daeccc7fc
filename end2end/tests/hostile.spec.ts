import { expectAccessible, expectNoOverflow } from "../support/accessible";
import { HOSTILE, quoted } from "../support/data";
import { Grid } from "../support/grid";
import { expect, test, type Page } from "../support/test";

const TABLE = '"><script>window.broken = 4</script> & söhne / 100%';
const COLUMN = "</th><script>window.broken = 5</script>";

const FILE = [
  `key,${quoted(COLUMN)}`,
  ...HOSTILE.map((text) => `${quoted(text)},${quoted(`${text} again`)}`),
].join("\r\n");

/** Nothing that came as data has run. */
async function expectUnbroken(page: Page): Promise<void> {
  expect(await page.evaluate(() => (window as { broken?: number }).broken)).toBeUndefined();
}

test.beforeEach(async ({ server }) => {
  await server.import("local/hostile", TABLE, FILE, "--message", "<script>window.broken = 6</script>\n\n</textarea>");
});

test("hostile names and values are text on every page", async ({ page, javaScriptEnabled }) => {
  await page.goto("/local/hostile");
  await expect(page.getByRole("link", { name: "<script>window.broken = 6</script>" })).toBeVisible();
  await expectUnbroken(page);
  await page.getByRole("link", { name: TABLE }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(TABLE);
  if (javaScriptEnabled) await Grid.on(page, TABLE);
  await expect(page.getByRole("columnheader").nth(1)).toContainText(COLUMN);
  for (const text of HOSTILE) {
    await expect(page.getByRole("row").filter({ hasText: `${text} again` }).first(), text).toBeVisible();
  }
  await expectUnbroken(page);
  await expectAccessible(page);
  await expectNoOverflow(page);

  await page.goto("/local/hostile/history");
  await page.getByRole("main").getByRole("link", { name: "<script>window.broken = 6</script>" }).click();
  await expect(page.getByRole("region", { name: "Changes of" }).getByRole("row")).toHaveCount(HOSTILE.length + 1);
  await expect(page.getByText("</textarea>", { exact: true })).toBeVisible();
  await expectUnbroken(page);
  await expectAccessible(page);
});

test("a row with any key has a page, where it is edited", { tag: "@forms" }, async ({ page }) => {
  test.slow();
  for (const text of HOSTILE) {
    await page.goto(`/local/hostile/tables/${encodeURIComponent(TABLE)}`);
    await page.getByRole("grid").or(page.getByRole("table")).getByRole("link", { name: text, exact: true }).click();
    const value = page.getByLabel(COLUMN);
    await expect(value, text).toHaveValue(`${text} again`);
    await expect(page.getByLabel("key", { exact: false }).first()).toHaveValue(text);
    await value.fill(`${text} once more`);
    await page.getByRole("button", { name: "Save to your draft" }).click();
    await expect(page.getByRole("main").getByText("Saved to your draft.")).toBeVisible();
    await expect(value).toHaveValue(`${text} once more`);
    await expectUnbroken(page);
  }
  await page.goto("/local/hostile/draft");
  await expect(page.locator("ins")).toHaveCount(HOSTILE.length);
  await expectUnbroken(page);
});

test("hostile text is typed, pasted and copied as it is", { tag: "@script" }, async ({ page }) => {
  await page.goto(`/local/hostile/tables/${encodeURIComponent(TABLE)}`);
  const grid = await Grid.on(page, TABLE);
  const text = "<img src=x onerror='window.broken = 7'> \"quoted\"\tand tab";
  await grid.select(1, COLUMN);
  await grid.paste(`${quoted(text)}\n${quoted("two\nlines")}\n`);
  await expect(grid.cell(1, COLUMN)).toHaveText(text, { useInnerText: false });
  await grid.expectSaved();
  await grid.press("Escape");
  await grid.select(1, COLUMN);
  await grid.press("Shift+ArrowDown");
  expect(await grid.copy()).toBe(`${quoted(text)}\n${quoted("two\nlines")}\n`);
  await expectUnbroken(page);
  await grid.select(2, COLUMN);
  await grid.press("F2");
  await grid.editor.fill("🏳️‍🌈 مرحبا");
  await grid.press("Enter");
  await expect(grid.cell(2, COLUMN)).toHaveText("🏳️‍🌈 مرحبا");
  await grid.expectSaved();
});
