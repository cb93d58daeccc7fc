import { expectAccessible, expectNoOverflow, expectWellFormed } from "../support/accessible";
import { HOSTILE, manyRows, PRODUCTS, quoted } from "../support/data";
import { Grid } from "../support/grid";
import { expect, NO_ANSWER, status, test, type Page } from "../support/test";

const TABLE = "/local/bakery/tables/products";

async function ask(page: Page, filter: string, sort = ""): Promise<void> {
  const field = page.getByRole("textbox", { name: "Filter" });
  if (!(await field.isVisible())) await page.getByText("Filter and sort", { exact: true }).click();
  await field.fill(filter);
  await page.getByRole("textbox", { name: "Sort by" }).fill(sort);
  await page.getByRole("button", { name: "Apply" }).click();
}

/** The first cells of the rows that are shown, without the one for a new row. */
const keys = (page: Page) => page.locator("tbody tr:not(.is-new) > :first-child");

async function check(page: Page): Promise<void> {
  await expectWellFormed(page);
  await expectAccessible(page);
  await expectNoOverflow(page);
}

test.describe("a table is asked", () => {
  test.beforeEach(async ({ page, server }) => {
    await server.import("local/bakery", "products", PRODUCTS, "--message", "Add the price list");
    await page.goto(TABLE);
  });

  test("by a filter and an order, which the address keeps", async ({ page }) => {
    await ask(page, 'price < 2 and not name contains "roll"', "-price");
    await expect(page.getByText("2 of 5 rows")).toBeVisible();
    await expect(keys(page)).toHaveText(["A3", "A2"]);
    await expect(page.getByRole("columnheader", { name: /^price/ })).toHaveAttribute("aria-sort", "descending");
    await check(page);

    await page.reload();
    await expect(keys(page)).toHaveText(["A3", "A2"]);
    await expect(page.getByRole("textbox", { name: "Filter" })).toHaveValue('price < 2 and not name contains "roll"');
    await page.getByRole("link", { name: "Show all rows" }).click();
    await expect(page.getByText("5 rows,")).toBeVisible();
    await expect(keys(page)).toHaveText(["A1", "A2", "A3", "A4", "A5"]);
  });

  test("by the heads of its columns: up, down, and not at all", async ({ page }) => {
    const price = page.getByRole("columnheader", { name: /^price/ });
    await price.getByRole("link", { name: "Sort by price", exact: true }).click();
    await expect(keys(page)).toHaveText(["A5", "A2", "A3", "A4", "A1"]);
    await expect(price).toHaveAttribute("aria-sort", "ascending");
    await price.getByRole("link", { name: "Sort by price, descending" }).click();
    await expect(keys(page)).toHaveText(["A1", "A4", "A3", "A2", "A5"]);
    await expect(page.getByRole("textbox", { name: "Sort by" })).toHaveValue("-price");
    await price.getByRole("link", { name: "Don’t sort by price" }).click();
    await expect(keys(page)).toHaveText(["A1", "A2", "A3", "A4", "A5"]);
    await expect(page.getByRole("textbox", { name: "Sort by" }), "nothing is asked").toBeHidden();
    await expect(price).not.toHaveAttribute("aria-sort");
    await ask(page, "", "organic, -price");
    await expect(keys(page)).toHaveText(["A3", "A5", "A1", "A2", "A4"]);
    await check(page);
  });

  test("and says where a filter is wrong, with what was typed", async ({ page, complaints }) => {
    complaints.expect(status(422));
    await ask(page, "price << 2", "-price");
    await expect(page.getByRole("alert")).toContainText("this can’t be read");
    await expect(page.getByText("At character 8: expected a value")).toBeVisible();
    await expect(page.getByRole("textbox", { name: "Filter" })).toHaveValue("price << 2");
    await expect(page.getByRole("textbox", { name: "Filter" })).toHaveAttribute("aria-invalid", "true");
    await expect(page.getByRole("textbox", { name: "Sort by" })).toHaveValue("-price");
    await expect(page).toHaveTitle(/^Error: /);
    await check(page);
    await ask(page, "price < 2", "nothing");
    await expect(page.getByText("There is no column “nothing” to sort by.")).toBeVisible();
    await ask(page, "price < 2", "name");
    await expect(keys(page)).toHaveText(["A5", "A3", "A2"]);
  });

  test("with a help that names its columns", async ({ page }) => {
    await page.getByText("Filter and sort", { exact: true }).click();
    await page.getByText("How to filter and sort").click();
    await expect(page.getByText("listed >= \"2026-01-31\"")).toBeVisible();
    await check(page);
  });

  test("about hostile names and values", async ({ page, server }) => {
    const name = "]<script>window.broken = 1</script>, -";
    const file = [`key,${quoted(name)}`, ...HOSTILE.map((text, index) => `${index},${quoted(text)}`)].join("\r\n");
    await server.import("local/bakery", "hostile", file);
    await page.goto("/local/bakery/tables/hostile");
    const column = `[${name.replaceAll("]", "]]")}]`;
    const escaped = (text: string) => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
    for (const text of HOSTILE.slice(0, 4).concat("two\nlines")) {
      await ask(page, `${column} = ${escaped(text)}`, `-${column}`);
      await expect(keys(page), text).toHaveText([String(HOSTILE.indexOf(text))]);
    }
    await page.getByRole("link", { name: `Don’t sort by ${name}` }).click();
    await expect(keys(page)).toHaveCount(1);
    expect(await page.evaluate(() => (window as { broken?: number }).broken)).toBeUndefined();
  });
});

test("what was found is edited in the grid, and stays until it is asked again", { tag: "@script" }, async ({ page, server }) => {
  await server.import("local/bakery", "products", PRODUCTS);
  await page.goto(`${TABLE}?filter=${encodeURIComponent('name contains "loaf"')}&sort=-price`);
  const grid = await Grid.on(page, "products");
  await expect(grid.table).toHaveAttribute("aria-rowcount", "5");
  await grid.set(1, "name", "Rye crown");
  await grid.expectSaved();
  await grid.set(2, "price", "9.15");
  await grid.expectSaved();
  await expect(keys(page), "they stay where they are").toHaveText(["A1", "A4", "A2"]);

  // Rows that come stand at the end, rows that go leave the others where they are.
  await page.getByRole("button", { name: "Add row" }).click();
  await grid.enter("A9", "Tab");
  await grid.enter("Barley bun");
  await grid.expectSaved();
  await expect(keys(page)).toHaveText(["A1", "A4", "A2", "A9"]);
  await grid.select(2, "name");
  await grid.press("Control+Delete");
  await expect(keys(page)).toHaveText(["A1", "A2", "A9"]);
  await grid.press("Control+z");
  await expect(keys(page)).toHaveText(["A1", "A4", "A2", "A9"]);
  await grid.expectActive(2, "name");
  await grid.expectSaved();
  await expectAccessible(page);

  await page.reload();
  await grid.ready();
  await expect(keys(page), "asked again").toHaveText(["A4", "A2"]);
  await expect(grid.cell(1, "price")).toHaveAccessibleDescription("Not committed; before: 2.15");
});

test("the grid scrolls over all that was found", { tag: "@script" }, async ({ page, server, complaints }) => {
  complaints.expect(NO_ANSWER);
  await server.import("local/big", "rows", manyRows(50_000));
  await page.goto(`/local/big/tables/rows?filter=${encodeURIComponent("quantity < 48")}&sort=-id`);
  const found = Array.from({ length: 50_000 }, (_, index) => 50_000 - index).filter((id) => id % 97 < 48);
  const grid = await Grid.on(page, "rows");
  await expect(grid.table).toHaveAttribute("aria-rowcount", String(found.length + 2));
  await grid.select(1, "id");
  await grid.press("Control+End");
  await expect(grid.cell(found.length, "id")).toHaveText(String(found.at(-1)));
  await grid.press("PageUp");
  const view = page.locator(".grid__view");
  for (const share of [0.5, 0.123, 0.9]) {
    await view.evaluate((view, share) => (view.scrollTop = share * view.scrollHeight), share);
    await expect(grid.table).not.toHaveAttribute("aria-busy", "true");
    const shown = grid.table.locator("tbody tr[aria-rowindex]:not(.is-loading)").nth(3);
    await expect
      .poll(async () => found[Number(await shown.getAttribute("aria-rowindex")) - 2] === Number(await shown.locator("th").textContent()))
      .toBe(true);
  }
  // The rows are found again by a server that has forgotten the list.
  await server.kill();
  await server.restart();
  await view.evaluate((view) => (view.scrollTop = 0.3 * view.scrollHeight));
  await expect(grid.table).not.toHaveAttribute("aria-busy", "true");
});

test("blame tells where each cell comes from", async ({ page, server }) => {
  await server.import("local/bakery", "products", PRODUCTS, "--message", "Add the price list");
  const dearer = PRODUCTS.replace("1.25", "1.35").replace("Sourdough", "Dark sourdough");
  await server.import("local/bakery", "products", dearer, "--mode", "replace", "--message", "Wheat is dearer");
  await page.goto(`${TABLE}/rows/A1`);
  await page.getByLabel("stock").fill("110");
  await page.getByRole("button", { name: "Save to your draft" }).click();
  await page.goto(TABLE);
  await page.getByRole("link", { name: "Blame" }).click();
  const rows = page.getByRole("region", { name: "Rows of products" }).getByRole("row");
  await expect(rows).toHaveCount(6);
  await expect(rows.nth(2).getByRole("link", { name: "Wheat is dearer · local" })).toHaveCount(1);
  await expect(rows.nth(2).getByRole("link", { name: "Add the price list · local" })).toHaveCount(5);
  await expect(rows.nth(1).getByRole("link", { name: "in your draft" })).toHaveCount(1);
  await expect(page.getByRole("heading", { name: "Where these cells come from" })).toBeVisible();
  await check(page);
  await page.getByRole("link", { name: "Sort by price", exact: true }).click();
  await expect(rows.nth(1).getByRole("rowheader")).toContainText("A5");
  await rows.nth(2).getByRole("link", { name: "Wheat is dearer" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Wheat is dearer" })).toBeVisible();
  await page.goBack();
  await page.getByRole("link", { name: "Hide blame" }).click();
  await expect(page.getByRole("textbox", { name: "Sort by" })).toHaveValue("price");
});

test("the past of a row is read and brought back", async ({ page, server }) => {
  await server.import("local/bakery", "products", PRODUCTS, "--message", "Add the price list");
  const dearer = PRODUCTS.replace("1.25", "1.35");
  await server.import("local/bakery", "products", dearer, "--mode", "replace", "--message", "Wheat is dearer");
  await page.goto(`${TABLE}/rows/A2`);
  await page.getByRole("link", { name: "History" }).click();
  const stops = page.getByRole("main").locator(".river__stop");
  await expect(stops).toHaveCount(2);
  await expect(stops.nth(0)).toContainText("Wheat is dearer");
  await expect(stops.nth(0).locator("del")).toHaveText("1.25");
  await expect(stops.nth(0).locator("ins")).toHaveText("1.35");
  await expect(stops.nth(1)).toContainText("Row added");
  await check(page);
  await stops.nth(1).getByRole("link", { name: "As it was then" }).click();
  await expect(page.getByLabel("price")).toHaveValue("1.25");
  await page.goBack();
  await stops.nth(1).getByRole("button", { name: "Restore to your draft" }).click();
  await expect(page.getByRole("main").getByText("Saved to your draft.")).toBeVisible();
  await expect(page.getByLabel("price")).toHaveValue("1.25");

  const without = PRODUCTS.replace(/^A2.*\n/m, "");
  await server.import("local/bakery", "products", without, "--mode", "replace", "--message", "No more wheat");
  await page.goto("/local/bakery/history");
  await page.getByRole("main").getByRole("link", { name: "No more wheat" }).click();
  await page.getByRole("link", { name: "removed: history of row A2" }).click();
  await expect(stops).toHaveCount(3);
  await expect(stops.nth(0)).toContainText("Row removed");
  await expect(stops.nth(0).getByRole("link", { name: "As it was before" })).toBeVisible();
  await check(page);
});
