import { expectAccessible } from "../support/accessible";
import { PRODUCTS } from "../support/data";
import { Grid } from "../support/grid";
import { expect, test } from "../support/test";

const TABLE = "/local/bakery/tables/products";

test.describe("editing in the grid", { tag: "@script" }, () => {
  let grid: Grid;

  test.beforeEach(async ({ page, server }) => {
    await server.import("local/bakery", "products", PRODUCTS);
    await page.goto(TABLE);
    grid = await Grid.on(page, "products");
  });

  test("a cell is changed, saved at once, committed, and seen in the history", async ({ page }) => {
    await grid.select(2, "price");
    await grid.enter("1.35");
    await expect(grid.cell(2, "price")).toHaveText("1.35");
    await grid.expectActive(3, "price");
    await grid.expectSaved();
    await expect(grid.cell(2, "price")).toHaveAccessibleDescription("Not committed; before: 1.25");
    await expectAccessible(page);

    await page.reload();
    await grid.ready();
    await expect(grid.cell(2, "price")).toHaveText("1.35");
    await expect(grid.cell(2, "price")).toHaveAccessibleDescription("Not committed; before: 1.25");

    await page.getByRole("link", { name: "Review and commit" }).click();
    const rows = page.getByRole("region", { name: "Changes of products" }).getByRole("row");
    await expect(rows).toHaveCount(2);
    await expect(rows.nth(1).locator("del")).toHaveText("1.25");
    await expect(rows.nth(1).locator("ins")).toHaveText("1.35");
    await expectAccessible(page);

    await page.getByLabel("Message").fill("Wheat has become dearer\n\nSince spring.");
    await page.getByRole("button", { name: "Commit 1 changed row" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Wheat has become dearer" })).toBeVisible();
    await expect(page.getByText("Since spring.")).toBeVisible();
    await expect(page.locator("del")).toHaveText("1.25");
    await expect(page.locator("ins")).toHaveText("1.35");
    await expect(page.getByText("Changed table")).toBeVisible();
    await expectAccessible(page);

    await page.goto(TABLE);
    await grid.ready();
    await expect(grid.cell(2, "price")).toHaveText("1.35");
    await expect(grid.cell(2, "price")).toHaveAccessibleDescription("");
  });

  test("the keyboard moves as in a spreadsheet", async ({ page }) => {
    await grid.select(1, "sku");
    await grid.press("ArrowRight", "ArrowDown");
    await grid.expectActive(2, "name");
    await grid.press("End");
    await grid.expectActive(2, "listed");
    await grid.press("Home");
    await grid.expectActive(2, "sku");
    await grid.press("Control+End");
    await grid.expectActive(5, "listed");
    await grid.press("Control+Home");
    await grid.expectActive(1, "sku");
    await grid.press("PageDown");
    await grid.expectActive(6, "sku");
    await grid.press("PageUp");
    await grid.expectActive(1, "sku");

    // Tab goes on through the row, Enter comes back below where the run began.
    await grid.select(3, "name");
    await grid.enter("Sour rye", "Tab");
    await grid.expectActive(3, "price");
    await grid.enter("1.55", "Tab");
    await grid.expectActive(3, "stock");
    await grid.enter("70", "Enter");
    await grid.expectActive(4, "name");
    await grid.expectSaved();
    await expect(grid.row(3)).toContainText("Sour rye1.5570");

    // Escape takes nothing over; F2 and a double click keep what is there.
    await page.keyboard.type("gone");
    await grid.press("Escape");
    await expect(grid.cell(4, "name")).toHaveText("Spelt loaf");
    await grid.press("F2");
    await expect(grid.editor).toHaveValue("Spelt loaf");
    await page.keyboard.type(", dark");
    await grid.press("Enter");
    await expect(grid.cell(4, "name")).toHaveText("Spelt loaf, dark");
    await grid.cell(5, "name").dblclick();
    await expect(grid.editor).toHaveValue("Poppy roll");
    await grid.press("Escape");

    // Delete empties; the space bar turns a boolean around.
    await grid.select(1, "stock");
    await grid.press("Delete");
    await expect(grid.cell(1, "stock")).toHaveText("");
    await grid.select(1, "organic");
    await grid.press("Space");
    await expect(grid.cell(1, "organic")).toHaveText("false");
    await grid.expectSaved();
  });

  test("a wrong value is refused in place, with the reason", async ({ page }) => {
    await grid.select(2, "price");
    await grid.enter("cheap");
    await expect(grid.error).toHaveText("This is not a decimal number, such as 12.50.");
    await expect(grid.editor).toBeFocused();
    await expect(grid.editor).toHaveValue("cheap");
    await expect(grid.editor).toHaveAttribute("aria-invalid", "true");
    await expect(grid.editor).toHaveAccessibleDescription("This is not a decimal number, such as 12.50.");
    await expectAccessible(page);

    await grid.editor.fill("1.3x");
    await expect(grid.error).toBeVisible();
    await grid.editor.fill("1.39");
    await expect(grid.error).toBeHidden();
    await grid.press("Enter");
    await expect(grid.cell(2, "price")).toHaveText("1.39");
    await grid.expectSaved();

    await grid.select(2, "sku");
    await grid.press("F2");
    await grid.editor.fill("");
    await grid.press("Enter");
    await expect(grid.error).toHaveText("This must not be empty.");
    await grid.press("Escape");
    await expect(grid.cell(2, "sku")).toHaveText("A2");
  });

  test("a block from a spreadsheet is pasted, taken back and done again", async ({ page }) => {
    await grid.select(2, "name");
    await grid.paste("Wheat, large\t1.65\t12\nSourdough, large\t1.95\t8\n");
    await expect(grid.row(2)).toContainText("Wheat, large1.6512");
    await expect(grid.row(3)).toContainText("Sourdough, large1.958");
    await expect(grid.table.locator('tbody [aria-selected="true"]')).toHaveCount(6);
    await grid.expectSaved();

    await grid.press("Control+z");
    await expect(grid.row(2)).toContainText("Wheat loaf1.25137");
    await expect(grid.row(3)).toContainText("Sourdough1.4569");
    await grid.expectSaved();
    await expect(page.getByRole("button", { name: "Undo" })).toBeDisabled();
    await page.getByRole("button", { name: "Redo" }).click();
    await expect(grid.row(2)).toContainText("Wheat, large1.6512");
    await grid.expectSaved();
    await page.getByRole("button", { name: "Undo" }).click();
    await expect(grid.row(3)).toContainText("Sourdough1.4569");
    await grid.expectSaved();

    await page.goto("/local/bakery/draft");
    await expect(page.getByRole("heading", { name: "Nothing to commit" })).toBeVisible();
  });

  test("what can't be pasted is named, the rest is saved", async ({ page }) => {
    await grid.select(2, "name");
    await grid.paste("Wheat, large\tcheap\nSourdough, large\t1.95");
    await expect(grid.cell(3, "price")).toHaveText("1.95");
    await expect(grid.cell(2, "name")).toHaveText("Wheat, large");
    await expect(grid.cell(2, "price")).toHaveText("1.25");
    await expect(grid.notices).toHaveCount(1);
    await expect(grid.notices).toContainText("price, row A2");
    await expect(grid.notices).toContainText("not a decimal number");
    await expect(grid.notices).toContainText("cheap");
    await expectAccessible(page);
    await grid.notices.getByRole("button", { name: "Edit again" }).click();
    await expect(grid.editor).toHaveValue("cheap");
    await grid.editor.fill("1.65");
    await grid.press("Enter");
    await expect(grid.cell(2, "price")).toHaveText("1.65");
    await expect(grid.notices).toHaveCount(0);
    await grid.expectSaved();
  });

  test("a range is copied as a spreadsheet takes it", async () => {
    await grid.select(1, "name");
    await grid.press("Shift+ArrowRight", "Shift+ArrowDown");
    expect(await grid.copy()).toBe("Rye loaf\t2.55\nWheat loaf\t1.25\n");
    await grid.select(3, "name");
    expect(await grid.copy()).toBe("Sourdough");
    await grid.cell(1, "price").click();
    await grid.cell(5, "price").click({ modifiers: ["Shift"] });
    await expect(grid.table.locator('tbody [aria-selected="true"]')).toHaveCount(5);
  });

  test("rows are added and deleted", async ({ page }) => {
    await page.getByRole("button", { name: "Add row" }).click();
    await grid.expectActive(6, "sku");
    await grid.enter("A0", "Tab");
    await grid.enter("Baguette", "Tab");
    await grid.enter("1.15", "Tab");
    await grid.press("Enter");
    await grid.expectSaved();
    await expect(grid.cell(1, "sku")).toHaveText("A0");
    await expect(grid.row(1)).toContainText("Baguette1.15");

    await grid.select(6, "name");
    await page.getByRole("button", { name: "Delete row" }).click();
    await grid.expectSaved();
    await expect(grid.table.locator("tbody tr")).toHaveCount(6);
    await expect(grid.table).not.toContainText("Poppy roll");
    await grid.press("Control+z");
    await expect(grid.cell(6, "name")).toHaveText("Poppy roll");
    await grid.expectSaved();
    await expectAccessible(page);

    await page.goto("/local/bakery/draft");
    const rows = page.getByRole("region", { name: "Changes of products" }).getByRole("row");
    await expect(rows).toHaveCount(2);
    await expect(rows.nth(1)).toContainText(/added.*A0.*Baguette/);
  });

  test("the new row says what it lacks", async ({ page }) => {
    await page.getByRole("button", { name: "Add row" }).click();
    await grid.press("ArrowRight");
    await grid.enter("Nameless", "Enter");
    await expect(grid.status).toHaveText(/sku: /);
    await grid.expectActive(6, "sku");
    await expect(grid.cell(6, "name")).toHaveText("Nameless");
    await grid.enter("A9", "Enter");
    await grid.expectSaved();
    await expect(grid.row(6)).toContainText("A9Nameless");
  });

  test("a key that is taken is refused with the reason, and nothing typed is lost", async () => {
    await grid.select(2, "sku");
    await grid.enter("A1");
    await expect(grid.notices).toHaveCount(1);
    await expect(grid.notices).toContainText("A1");
    await expect(grid.cell(2, "sku")).toHaveText("A2");
    await grid.notices.getByRole("button", { name: "Dismiss" }).click();
    await expect(grid.notices).toHaveCount(0);
  });

  test("a new row whose key is taken stays, and is added under another one", async ({ page }) => {
    await page.getByRole("button", { name: "Add row" }).click();
    await grid.enter("A1", "Tab");
    await grid.enter("Mine", "Enter");
    await expect(grid.notices).toHaveCount(1);
    await expect(grid.notices).toContainText("There is a row with the key “A1” already.");
    await expect(grid.row(6)).toContainText("A1Mine");
    await expect(grid.cell(6, "sku")).toHaveAttribute("aria-invalid", "true");
    await expectAccessible(page);
    await page.reload();
    await grid.ready();
    await expect(grid.row(6), "it is still there").toContainText("A1Mine");
    await grid.notices.getByRole("button", { name: "Edit again" }).click();
    await grid.editor.fill("A2");
    await grid.press("Enter");
    await expect(grid.notices).toContainText("There is a row with this key already.");
    await grid.select(6, "sku");
    await grid.enter("A9");
    await grid.expectSaved();
    await expect(grid.notices).toHaveCount(0);
    await expect(grid.row(6)).toContainText("A9Mine");
    await expect(grid.cell(6, "sku")).not.toHaveAttribute("aria-invalid", "true");
  });

  test("widths of columns are changed by keyboard and pointer, and kept", async ({ page }) => {
    const width = async () => (await grid.head("name").boundingBox())?.width ?? 0;
    const before = await width();
    await grid.select(1, "name");
    await grid.press("ArrowUp", "Shift+ArrowRight");
    await expect(grid.status).toHaveText(/^Width of name: \d+ pixels$/);
    await expect.poll(width).toBeCloseTo(before + 16, 0);
    await page.reload();
    await grid.ready();
    await expect.poll(width).toBeCloseTo(before + 16, 0);
    const box = await grid.head("name").boundingBox();
    if (!box) throw new Error("The column is not seen.");
    await page.mouse.move(box.x + box.width - 2, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width + 58, box.y + box.height / 2, { steps: 4 });
    await page.mouse.up();
    await expect.poll(width).toBeGreaterThan(before + 60);
  });
});
