import { Grid } from "../support/grid";
import { expect, test } from "../support/test";

const ROWS = 40;
const COLUMNS = 200;
const value = (row: number, column: number) => `r${row} c${column}`;

/** A key, and so many columns that no window shows them all. */
function wideTable(): string {
  const others = Array.from({ length: COLUMNS - 1 }, (_, index) => index + 2);
  const lines = [["id", ...others.map((column) => `c${column}`)]];
  for (let row = 1; row <= ROWS; row++) {
    lines.push([String(row), ...others.map((column) => value(row, column))]);
  }
  return lines.map((line) => line.join(",")).join("\n") + "\n";
}

test.describe("two hundred columns", { tag: "@script" }, () => {
  let grid: Grid;

  test.beforeEach(async ({ page, server }) => {
    await server.import("local/wide", "rows", wideTable());
    await page.goto("/local/wide/tables/rows");
    grid = await Grid.on(page, "rows");
    await grid.select(2, "id");
  });

  test("the columns that are seen have elements, and their places among all are told", async ({ page }) => {
    await expect(grid.table).toHaveAttribute("aria-colcount", String(COLUMNS));
    await expect(grid.table.getByRole("columnheader")).toHaveCount(COLUMNS);
    const view = page.locator(".grid__view");
    for (const share of [0, 0.37, 0.5, 1, 0]) {
      await view.evaluate((view, share) => (view.scrollLeft = share * (view.scrollWidth - view.clientWidth)), share);
      // Every column that can be seen has a cell below its head, with the right content; the key stays.
      await expect
        .poll(() => view.evaluate(seen), { message: `cells at ${share}` })
        .toEqual({ right: true, below: true, keyStays: true, cells: expect.any(Number) });
      expect((await view.evaluate(seen)).cells).toBeLessThan(40);
    }
  });

  test("the keyboard goes to columns that have no elements yet", async () => {
    await grid.press("End");
    await grid.expectActive(2, `c${COLUMNS}`);
    await expect(grid.cell(2, `c${COLUMNS}`)).toBeInViewport({ ratio: 0.9 });
    await grid.press("ArrowLeft", "ArrowLeft");
    await grid.expectActive(2, `c${COLUMNS - 2}`);
    await grid.press("Home");
    await grid.expectActive(2, "id");
    for (let step = 0; step < 12; step++) await grid.press("ArrowRight");
    await grid.expectActive(2, "c13");
    await expect(grid.cell(2, "c13")).toBeInViewport({ ratio: 0.9 });
    await grid.press("Control+End");
    await grid.expectActive(ROWS, `c${COLUMNS}`);
    await grid.press("Control+Home");
    await grid.expectActive(1, "id");
  });

  test("a range across them is copied whole, and cells far away are edited and pasted", async () => {
    await grid.press("Shift+End");
    const copied = (await grid.copy()).split("\t");
    expect(copied).toHaveLength(COLUMNS);
    expect([copied[0], copied[100], copied.at(-1)]).toEqual(["2", value(2, 101), value(2, COLUMNS)]);
    await grid.press("Escape", "End");
    await grid.enter("far away");
    await expect(grid.cell(2, `c${COLUMNS}`)).toHaveText("far away");
    await grid.expectActive(3, `c${COLUMNS}`);
    await grid.press("ArrowLeft");
    await grid.paste("x\ty\n");
    await expect(grid.cell(3, `c${COLUMNS}`)).toHaveText("y");
    await grid.expectSaved();
    await grid.press("Home", "ArrowUp", "Shift+End");
    expect((await grid.copy()).split("\t").at(-1)).toBe("far away");
  });
});

/** Runs in the page: what the second row shows. */
function seen(view: Element) {
  const row = view.querySelector("tbody tr[aria-rowindex='3']");
  const cells = [...(row?.querySelectorAll("[aria-colindex]") ?? [])];
  const { left } = view.getBoundingClientRect();
  const index = (cell: Element) => Number(cell.getAttribute("aria-colindex"));
  const heads = [...view.querySelectorAll("thead th")];
  const inSight = heads.filter((head) => {
    const box = head.getBoundingClientRect();
    return box.right > left && box.left < left + view.clientWidth;
  });
  return {
    cells: cells.length,
    right: cells.every((cell) => cell.textContent === (index(cell) === 1 ? "2" : `r2 c${index(cell)}`)),
    below: inSight.every((head) => {
      const cell = cells.find((cell) => index(cell) === index(head));
      return cell && Math.abs(cell.getBoundingClientRect().left - head.getBoundingClientRect().left) < 1;
    }),
    keyStays: Math.abs((cells[0]?.getBoundingClientRect().left ?? 0) - left - view.clientLeft) < 1,
  };
}
