import { manyRows } from "../support/data";
import { Grid } from "../support/grid";
import { expect, test } from "../support/test";

const ROWS = 1_000;

test.describe("moving through many rows", { tag: "@script" }, () => {
  let grid: Grid;

  test.beforeEach(async ({ page, server }) => {
    await server.import("local/big", "rows", manyRows(ROWS));
    await page.goto("/local/big/tables/rows");
    grid = await Grid.on(page, "rows");
    await grid.select(1, "name");
  });

  /** Whole rows in the window. */
  const pageOf = () =>
    grid.page.locator(".grid__view").evaluate((view) => {
      const height = (part: string) => view.querySelector(part)?.getBoundingClientRect().height ?? 0;
      return Math.floor((view.clientHeight - height("thead")) / height("tbody tr"));
    });

  test("a page down and up, to the ends and not past them", async () => {
    const page = await pageOf();
    expect(page).toBeGreaterThan(5);
    await grid.press("PageDown");
    await grid.expectActive(1 + page, "name");
    await grid.press("PageDown", "PageDown");
    await grid.expectActive(1 + 3 * page, "name");
    await grid.press("PageUp");
    await grid.expectActive(1 + 2 * page, "name");
    await grid.press("Shift+PageDown");
    await grid.expectActive(1 + 3 * page, "name");
    expect((await grid.copy()).split("\n")).toHaveLength(page + 2);
    await grid.press("Control+ArrowDown", "PageDown");
    await grid.expectActive(ROWS + 1, "name");
    await grid.press("PageUp");
    await grid.expectActive(ROWS + 1 - page, "name");
    await expect(grid.cell(ROWS + 1 - page, "name")).toHaveText(`Name ${ROWS + 1 - page}`);
    await grid.press("Control+ArrowUp", "PageUp");
    await grid.expectActive(1, "name");
  });

  test("Home and End, alone and with Control and Shift", async () => {
    await grid.press("End");
    await grid.expectActive(1, "quantity");
    await grid.press("Home");
    await grid.expectActive(1, "id");
    await grid.press("Control+End");
    await grid.expectActive(ROWS, "quantity");
    await grid.press("Home");
    await grid.expectActive(ROWS, "id");
    await grid.press("Control+Home");
    await grid.expectActive(1, "id");

    await grid.select(2, "city");
    await grid.press("Shift+End");
    expect(await grid.copy()).toBe("City 2\t0.5\t2\n".trimEnd());
    await grid.select(2, "city");
    await grid.press("Shift+Home");
    expect(await grid.copy()).toBe("2\tName 2\tCity 2");
    await grid.select(2, "city");
    await grid.press("Control+Shift+Home");
    expect(await grid.copy()).toBe("1\tName 1\tCity 1\n2\tName 2\tCity 2\n");
    await grid.select(3, "price");
    await grid.press("Control+Shift+End");
    await grid.expectActive(ROWS, "quantity");
    await expect(grid.cell(ROWS, "price")).toHaveText("0");
    // Rows that were never seen are loaded first.
    await expect.poll(async () => (await grid.copy()).trimEnd().split("\n")).toHaveLength(ROWS - 2);
    const copied = (await grid.copy()).trimEnd().split("\n");
    expect([copied[0], copied.at(-1)]).toEqual(["0.75\t3", "0\t30"]);
  });

  test("the arrow keys with Control go to the edges, and through the header", async () => {
    await grid.press("Control+ArrowRight");
    await grid.expectActive(1, "quantity");
    await grid.press("Control+ArrowLeft");
    await grid.expectActive(1, "id");
    await grid.press("Control+ArrowDown");
    await grid.expectActive(ROWS + 1, "id");
    await grid.press("Control+ArrowUp", "ArrowUp");
    await expect(grid.keyboard).toHaveAttribute("aria-activedescendant", (await grid.head("id").getAttribute("id")) ?? "");
    await grid.press("End", "ArrowDown");
    await grid.expectActive(1, "quantity");
    await grid.press("ArrowUp", "PageDown");
    await grid.expectActive(1 + (await pageOf()), "quantity");
  });
});
