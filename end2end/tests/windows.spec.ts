import { expectAccessible } from "../support/accessible";
import { PRODUCTS } from "../support/data";
import { Grid } from "../support/grid";
import { expect, test } from "../support/test";

test.describe("two windows on one table", { tag: "@script" }, () => {
  let one: Grid;
  let two: Grid;

  test.beforeEach(async ({ page, server, otherWindow }) => {
    await server.import("local/bakery", "products", PRODUCTS);
    const other = await otherWindow();
    for (const window of [page, other]) await window.goto("/local/bakery/tables/products");
    one = await Grid.on(page, "products");
    two = await Grid.on(other, "products");
  });

  test("what one window saves appears in the other", async () => {
    await one.set(2, "price", "1.35");
    await expect(two.cell(2, "price")).toHaveText("1.35");
    await expect(two.cell(2, "price")).toHaveAccessibleDescription("Not committed; before: 1.25");
    await two.set(2, "stock", "140");
    await expect(one.cell(2, "stock")).toHaveText("140");
    await expect(one.cell(2, "price")).toHaveText("1.35");

    await one.page.getByRole("button", { name: "Add row" }).click();
    await one.enter("A0", "Enter");
    await expect(two.cell(1, "sku")).toHaveText("A0");
    await two.select(1, "sku");
    await two.press("Control+Delete");
    await expect(one.cell(1, "sku")).toHaveText("A1");
  });

  test("of two edits of one cell neither is lost without a word", async () => {
    // The second window begins to type before the first one saves, and ends after.
    await two.select(2, "price");
    await two.page.keyboard.type("1.99");
    await one.set(2, "price", "1.35");
    await one.expectSaved();
    await expect(two.editor).toHaveValue("1.99");
    await two.press("Enter");

    await expect(two.notices).toHaveCount(1);
    await expect(two.notices).toContainText("price, row A2");
    await expect(two.notices).toContainText("It is now “1.35”.");
    await expect(two.notices).toContainText("You typed “1.99”.");
    await expect(two.cell(2, "price")).toHaveText("1.35");
    await expect(one.cell(2, "price")).toHaveText("1.35");
    await expectAccessible(two.page);

    await two.notices.getByRole("button", { name: "Use mine" }).click();
    await expect(two.cell(2, "price")).toHaveText("1.99");
    await expect(one.cell(2, "price")).toHaveText("1.99");
    await expect(two.notices).toHaveCount(0);
    await two.expectSaved();
  });

  test("keeping theirs changes nothing", async () => {
    await two.select(2, "price");
    await two.page.keyboard.type("1.99");
    await one.set(2, "price", "1.35");
    await one.expectSaved();
    await two.press("Enter");
    await two.notices.getByRole("button", { name: "Keep theirs" }).click();
    await expect(two.notices).toHaveCount(0);
    await expect(two.cell(2, "price")).toHaveText("1.35");
    await two.page.reload();
    await two.ready();
    await expect(two.cell(2, "price")).toHaveText("1.35");
  });

  test("a row that the other window deleted is not brought back in silence", async () => {
    await two.select(2, "price");
    await two.page.keyboard.type("1.99");
    await one.select(2, "sku");
    await one.press("Control+Delete");
    await one.expectSaved();
    await two.press("Enter");
    await expect(two.notices).toHaveCount(1);
    await expect(two.notices).toContainText("1.99");
    await expect(two.table).not.toContainText("Wheat loaf");
  });

  test("a commit in one window ends the marks in the other", async () => {
    await one.set(2, "price", "1.35");
    await one.expectSaved();
    await expect(two.cell(2, "price")).toHaveAccessibleDescription("Not committed; before: 1.25");
    await one.page.goto("/local/bakery/draft");
    await one.page.getByLabel("Message").fill("Dearer");
    await one.page.getByRole("button", { name: "Commit 1 changed row" }).click();
    await expect(two.cell(2, "price")).toHaveAccessibleDescription("");
    await expect(two.cell(2, "price")).toHaveText("1.35");
  });
});
