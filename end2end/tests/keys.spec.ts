import { Grid } from "../support/grid";
import { expect, test } from "../support/test";

const PRICES = `city,year,price
Oslo,2024,1.55
Oslo,2025,1.65
Rome,2024,2.55
Rome,2025,2.65
`;

test.describe("a key of two columns", { tag: "@script" }, () => {
  let grid: Grid;

  test.beforeEach(async ({ page, server }) => {
    await server.import("local/bread", "prices", PRICES, "--key", "city,year");
    await page.goto("/local/bread/tables/prices");
    grid = await Grid.on(page, "prices");
  });

  test("rows are added, edited and deleted", async ({ page }) => {
    await page.getByRole("button", { name: "Add row" }).click();
    await grid.enter("Oslo");
    await expect(grid.status, "half a key is none").toHaveText(/^year: /);
    await grid.expectActive(5, "year");
    await grid.enter("2023", "Tab");
    await grid.enter("1.45");
    await grid.expectSaved();
    await expect(grid.row(1)).toHaveText("Oslo20231.45");

    await grid.set(5, "price", "2.59");
    await grid.expectSaved();
    await grid.select(3, "price");
    await grid.press("Control+Delete");
    await grid.expectSaved();
    await expect(grid.table).not.toContainText("1.65");
    await grid.press("Control+z");
    await expect(grid.row(3)).toHaveText("Oslo20251.65");
    await grid.expectSaved();

    await page.goto("/local/bread/draft");
    const rows = page.getByRole("region", { name: "Changes of prices" }).getByRole("row");
    await expect(rows).toHaveCount(3);
    await expect(rows.nth(1)).toContainText(/added.*Oslo.*2023.*1\.45/);
    await expect(rows.nth(2)).toContainText(/changed.*Rome.*2025.*2\.65.*2\.59/);
  });

  test("either part is changed: the row moves and the keyboard goes with it", async ({ page }) => {
    await grid.select(1, "year");
    await grid.enter("2026");
    await expect(grid.row(2)).toHaveText("Oslo20261.55");
    await grid.expectSaved();
    await grid.select(2, "city");
    await grid.enter("Zürich", "Tab");
    await expect(grid.row(4)).toHaveText("Zürich20261.55");
    await grid.expectSaved();
    await grid.select(4, "price");
    await page.getByRole("link", { name: "Open row" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toContainText("Zürich");
    await expect(page.getByRole("heading", { level: 1 })).toContainText("2026");
  });

  test("a key that is taken in both parts is refused, in one part it is fine", async () => {
    await grid.select(1, "year");
    await grid.enter("2025");
    await expect(grid.notices).toHaveCount(1);
    await expect(grid.cell(1, "year")).toHaveText("2024");
    await grid.notices.getByRole("button", { name: "Dismiss" }).click();
    await grid.select(1, "city");
    await grid.enter("Bonn");
    await expect(grid.row(1)).toHaveText("Bonn20241.55");
    await grid.expectSaved();
    await grid.press("Control+z");
    await expect(grid.row(1)).toHaveText("Oslo20241.55");
    await grid.expectSaved();
  });
});

test.describe("a generated key", { tag: "@script" }, () => {
  const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  let grid: Grid;
  let key: string;

  test.beforeEach(async ({ page, server }) => {
    await server.import("local/club", "people", "name,city\nAnn,Oslo\nAnn,Oslo\nBob,Rome\n");
    await page.goto("/local/club/tables/people");
    grid = await Grid.on(page, "people");
    key = (await grid.table.locator("thead .grid__name").first().textContent()) ?? "";
  });

  test("new rows get a key of their own and stand at the end", async ({ page }) => {
    for (const name of ["Cleo", "Dan"]) {
      await page.getByRole("button", { name: "Add row" }).click();
      await grid.press("ArrowRight");
      await grid.enter(name, "Tab");
      await grid.enter("Bern");
    }
    await grid.expectSaved();
    for (const [row, name] of [[4, "Cleo"], [5, "Dan"]] as const) {
      await expect(grid.cell(row, "name")).toHaveText(name);
      await expect(grid.cell(row, key)).toHaveText(UUID);
    }
    await page.reload();
    await grid.ready();
    await expect(grid.cell(5, "name")).toHaveText("Dan");
  });

  test("rows that look alike are edited and deleted apart", async ({ page }) => {
    await grid.set(2, "city", "Bergen");
    await grid.expectSaved();
    await expect(grid.cell(1, "city")).toHaveText("Oslo");
    await grid.select(1, "name");
    await grid.press("Control+Delete");
    await grid.expectSaved();
    await expect(grid.row(1)).toContainText("AnnBergen");
    await expect(grid.row(2)).toContainText("BobRome");
    await page.goto("/local/club/draft");
    await expect(page.getByRole("region", { name: "Changes of people" }).getByRole("row")).toHaveCount(3);
  });

  test("a key is changed to another one, and to nothing else", async () => {
    await grid.select(3, key);
    await grid.enter("mine");
    await expect(grid.error).toHaveText(/UUID/);
    await grid.editor.fill("67e55044-10b1-426f-9247-bb680e5fe0c8");
    await grid.press("Enter");
    await expect(grid.table.locator("tbody")).toContainText("67e55044-10b1-426f-9247-bb680e5fe0c8");
    await grid.expectSaved();
    await grid.press("Control+z");
    await expect(grid.table.locator("tbody")).not.toContainText("67e55044-10b1-426f-9247-bb680e5fe0c8");
    await grid.expectSaved();
  });
});
