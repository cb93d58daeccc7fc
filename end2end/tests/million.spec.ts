import { manyRows } from "../support/data";
import { Grid } from "../support/grid";
import { Server } from "../support/server";
import { expect, test } from "../support/test";

const ROWS = 1_000_000;

test.describe("a million rows", { tag: "@script" }, () => {
  let shared: Server;

  test.beforeAll(async () => {
    test.setTimeout(180_000);
    shared = await Server.start();
    await shared.importFile("local/big", "rows", await shared.file("rows.csv", manyRows(ROWS)));
  });

  test.afterAll(async () => {
    await shared?.dispose();
  });

  for (const deviceScaleFactor of [1, 2]) {
    test.describe(`at ${deviceScaleFactor} device pixels per pixel`, () => {
      // One server for all of them, so none of its own for each.
      test.use({ deviceScaleFactor, baseURL: async ({}, use) => use(undefined) });

      test("the last row is reached, whole and flush with the end", async ({ page }) => {
        await page.goto(`${shared.url}/local/big/tables/rows`);
        const grid = await Grid.on(page, "rows");
        await expect(grid.table).toHaveAttribute("aria-rowcount", String(ROWS + 2));
        await grid.select(1, "id");

        await grid.press("Control+End");
        await grid.expectActive(ROWS, "quantity");
        await expect(grid.cell(ROWS, "id")).toHaveText(String(ROWS));
        await expect(grid.cell(ROWS, "name")).toHaveText(`Name ${ROWS}`);
        await expectWithin(grid, ROWS);
        await expect(grid.cell(ROWS - 1, "id")).toHaveText(String(ROWS - 1));

        await grid.press("Control+Home");
        await grid.expectActive(1, "id");
        await expect(grid.cell(1, "name")).toHaveText("Name 1");
        await expectFlush(grid, "first");

        // By the scroll bar: past the last row there is the blank one for a new row, and nothing else.
        await scrollTo(grid, Number.MAX_SAFE_INTEGER);
        await expect(grid.cell(ROWS, "name")).toHaveText(`Name ${ROWS}`);
        await expect(grid.row(ROWS + 1)).toHaveAccessibleName("New row");
        await expectFlush(grid, "last");
        await scrollTo(grid, 0);
        await expect(grid.cell(1, "name")).toHaveText("Name 1");
        await expectFlush(grid, "first");
      });

      test("every row shown is the right one, wherever the thumb is dragged", async ({ page }) => {
        await page.goto(`${shared.url}/local/big/tables/rows`);
        const grid = await Grid.on(page, "rows");
        const height = await view(grid).evaluate((element) => element.scrollHeight);
        for (const share of [0.5, 0.123, 0.999, 0.75]) {
          await scrollTo(grid, height * share);
          await expect(grid.table).not.toHaveAttribute("aria-busy", "true");
          await expect
            .poll(() => firstShown(grid), { message: `rows at ${share}` })
            .toEqual({ right: true, near: expect.closeTo(share, 1) });
        }
        // The wheel moves by rows, not by thousands of them.
        const before = await firstNumber(grid);
        await view(grid).hover();
        await page.mouse.wheel(0, 330);
        await expect.poll(async () => (await firstNumber(grid)) - before).toBeGreaterThan(5);
        expect((await firstNumber(grid)) - before).toBeLessThan(15);
      });

      test("the last row is edited", async ({ page }) => {
        await page.goto(`${shared.url}/local/big/tables/rows`);
        const grid = await Grid.on(page, "rows");
        await grid.select(1, "city");
        await grid.press("Control+ArrowDown", "ArrowUp");
        await grid.expectActive(ROWS, "city");
        await expect(grid.cell(ROWS, "id")).toHaveText(String(ROWS));
        await grid.enter(`The last at ${deviceScaleFactor}`);
        await grid.expectSaved();
        await page.goto(`${shared.url}/local/big/tables/rows?row=${ROWS}`);
        await grid.ready();
        await expect(grid.cell(ROWS, "city")).toHaveText(`The last at ${deviceScaleFactor}`);
      });
    });
  }
});

const view = (grid: Grid) => grid.page.locator(".grid__view");

/** What a person does with the scroll bar's thumb. */
async function scrollTo(grid: Grid, top: number): Promise<void> {
  await view(grid).evaluate((element, top) => element.scrollTo({ top, behavior: "instant" }), top);
}

/** Both edges of the row are seen: below the header, and not below the window. */
async function expectWithin(grid: Grid, row: number): Promise<void> {
  await expect
    .poll(async () => {
      const [seen, head, line] = await edges(grid, row);
      return line.top >= head.bottom - 0.5 && line.bottom <= seen.bottom + 0.5;
    })
    .toBe(true);
}

/** The first row begins where the header ends; the last one ends where the window does. */
async function expectFlush(grid: Grid, end: "first" | "last"): Promise<void> {
  await expect
    .poll(async () => {
      const [seen, head, line] = await edges(grid, end === "first" ? 1 : ROWS + 1);
      return Math.abs(end === "first" ? line.top - head.bottom : seen.bottom - line.bottom);
    })
    .toBeLessThan(0.6);
}

async function edges(grid: Grid, row: number) {
  const box = (element: Element) => {
    const { top, bottom } = element.getBoundingClientRect();
    return { top, bottom };
  };
  const seen = await view(grid).evaluate((element) => {
    const { top } = element.getBoundingClientRect();
    const start = top + element.clientTop;
    return { top: start, bottom: start + element.clientHeight };
  });
  return [seen, await grid.table.locator("thead").evaluate(box), await grid.row(row).evaluate(box)] as const;
}

async function firstNumber(grid: Grid): Promise<number> {
  const row = grid.table.locator("tbody tr").first();
  return Number(await row.getAttribute("aria-rowindex")) - 1;
}

/** Whether the first row that is shown holds what it should, and where in the table it is. */
async function firstShown(grid: Grid) {
  const [number, text] = await grid.table.locator("tbody").evaluate((body) => {
    const row = body.querySelector("tr");
    return [Number(row?.getAttribute("aria-rowindex")) - 1, row?.querySelector("[aria-colindex='2']")?.textContent];
  });
  return { right: text === `Name ${number}`, near: number / ROWS };
}
