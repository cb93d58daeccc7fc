import { expectAccessible, expectNoOverflow } from "../support/accessible";
import { manyRows, PRODUCTS } from "../support/data";
import { Grid } from "../support/grid";
import { expect, test, type Locator } from "../support/test";

const TABLE = "/local/bakery/tables/products";

test.describe("forced colours", { tag: "@script" }, () => {
  test("selection, focus and what is not committed are told apart", async ({ page, server }) => {
    await server.import("local/bakery", "products", PRODUCTS);
    await page.emulateMedia({ forcedColors: "active" });
    await page.goto(TABLE);
    const grid = await Grid.on(page, "products");
    await grid.set(2, "price", "1.35");
    await grid.expectSaved();
    await grid.select(3, "name");
    await grid.press("Shift+ArrowRight");

    const look = (cell: Locator, part?: string) =>
      cell.evaluate((element, part) => {
        const { outlineStyle, outlineWidth, outlineColor, backgroundColor, borderTopColor, borderTopWidth } =
          getComputedStyle(element, part);
        return { outline: outlineStyle === "none" ? 0 : parseFloat(outlineWidth), outlineColor, backgroundColor, border: parseFloat(borderTopWidth), borderColor: borderTopColor };
      }, part);
    const plain = await look(grid.cell(4, "name"));
    const selected = await look(grid.cell(3, "price"));
    const active = await look(grid.cell(3, "name"));
    expect(plain.outline).toBe(0);
    expect(selected.outline, "what is selected has an edge, not only a ground").toBeGreaterThan(0);
    expect(selected.backgroundColor).not.toBe(plain.backgroundColor);
    expect(active.outline, "the active cell has a stronger one").toBeGreaterThan(selected.outline);
    expect(active.outlineColor, "which is seen on its ground").not.toBe(active.backgroundColor);

    const mark = await look(grid.cell(2, "price"), "::after");
    expect(mark.border).toBeGreaterThan(3);
    expect(mark.borderColor).not.toBe((await look(grid.cell(2, "price"))).backgroundColor);
    await page.getByRole("link", { name: "Review and commit" }).focus();
    expect((await look(grid.cell(3, "name"))).outline, "without the keyboard it is weaker").toBeLessThan(active.outline);
  });
});

test.describe("a finger", { tag: "@script" }, () => {
  test.use({ hasTouch: true, viewport: { width: 380, height: 800 } });

  test("a tap selects, a second one edits", async ({ page, server }) => {
    await server.import("local/bakery", "products", PRODUCTS);
    await page.goto(TABLE);
    const grid = await Grid.on(page, "products");
    await grid.cell(2, "name").tap();
    await grid.expectActive(2, "name");
    await grid.expectFocused();
    await expect(grid.keyboard, "no keyboard hides the table").toHaveAttribute("inputmode", "none");
    await grid.cell(3, "name").tap();
    await grid.expectActive(3, "name");
    await grid.cell(3, "name").tap();
    await expect(grid.editor).toHaveValue("Sourdough");
    await expect(grid.editor).toHaveAttribute("inputmode", "text");
    await page.keyboard.type(", dark");
    // The next cell ends the edit.
    await grid.cell(4, "name").tap();
    await expect(grid.cell(3, "name")).toHaveText("Sourdough, dark");
    await grid.expectActive(4, "name");
    await grid.expectSaved();
    await expectAccessible(page);
  });

  test("it scrolls, up and sideways, and selects nothing by that", async ({ page, server }) => {
    await server.import("local/big", "rows", manyRows(2_000));
    await page.goto("/local/big/tables/rows");
    const grid = await Grid.on(page, "rows");
    await grid.cell(2, "name").tap();
    const view = page.locator(".grid__view");
    const box = await view.boundingBox();
    if (!box) throw new Error("The grid is not seen.");
    const session = await page.context().newCDPSession(page);
    const swipe = async (x: number, y: number) => {
      const at = (share: number) => [{ x: box.x + box.width / 2 + x * share, y: box.y + box.height / 2 + y * share }];
      await session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: at(0) });
      for (let step = 1; step <= 10; step++) {
        await session.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: at(step / 10) });
      }
      await session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
    };
    const first = async () => Number(await grid.table.locator("tbody tr").first().getAttribute("aria-rowindex")) - 1;
    await swipe(0, -250);
    await expect.poll(first).toBeGreaterThan(4);
    const row = await first();
    await expect(grid.cell(row + 1, "name")).toHaveText(`Name ${row + 1}`);
    await swipe(-180, 0);
    await expect.poll(() => view.evaluate((element) => element.scrollLeft)).toBeGreaterThan(50);
    await swipe(0, 250);
    await expect.poll(first).toBeLessThan(row);
    await grid.expectActive(2, "name");
  });
});

for (const [name, viewport] of [
  ["at 200 %", { width: 640, height: 400 }],
  ["on a phone", { width: 380, height: 700 }],
] as const) {
  test.describe(name, { tag: "@script" }, () => {
    test.use({ viewport, deviceScaleFactor: 2 });

    test("every cell is reached and edited", async ({ page, server }) => {
      await server.import("local/bakery", "products", PRODUCTS);
      await page.goto(TABLE);
      const grid = await Grid.on(page, "products");
      await expectNoOverflow(page);
      await grid.select(1, "sku");
      await grid.press("Control+End");
      await grid.expectActive(5, "listed");
      await expect(grid.cell(5, "listed")).toBeInViewport({ ratio: 0.9 });
      await page.keyboard.type("2026-02-");
      await expect(grid.editor).toBeInViewport({ ratio: 0.9 });
      await page.keyboard.type("28");
      await grid.press("Enter");
      await expect(grid.cell(5, "listed")).toHaveText("2026-02-28");
      await grid.expectSaved();
      await grid.press("Control+Home", "ArrowRight");
      await grid.expectActive(1, "name");
      await expect(grid.cell(1, "name"), "frozen columns do not hide it").toBeInViewport({ ratio: 0.9 });
      await expectAccessible(page);
    });
  });
}

for (const [room, viewport] of [
  ["on a desktop", { width: 1280, height: 800 }],
  ["on a phone", { width: 380, height: 700 }],
] as const) {
  test.describe(`what a button opens over the page, ${room}`, () => {
    test.use({ viewport });

    test("is closed by Escape and by a click elsewhere, and the keyboard goes back", async ({ page, server }) => {
      await server.import("local/bakery", "products", PRODUCTS);
      await page.goto(TABLE);
      const button = (name: string) => page.getByRole("button", { name, exact: true });
      const [time, file] = [button("As of…"), button("Export…")];
      const day = page.getByLabel(/^Show what was there/);
      const csv = page.getByRole("link", { name: "CSV", exact: true });
      await expect(day).toBeHidden();
      await time.focus();
      await page.keyboard.press("Enter");
      await expect(day).toBeInViewport({ ratio: 1 });
      await expect(page.getByRole("button", { name: "Show", exact: true })).toBeInViewport({ ratio: 1 });
      await expectNoOverflow(page);
      await expectAccessible(page);
      await page.keyboard.press("Tab");
      await expect(day).toBeFocused();
      await page.keyboard.press("Escape");
      await expect(day).toBeHidden();
      await expect(time).toBeFocused();

      await time.click();
      await expect(day).toBeVisible();
      await page.getByRole("heading", { level: 1 }).click();
      await expect(day).toBeHidden();
      await file.click();
      await expect(csv).toBeInViewport({ ratio: 1 });
      await expectNoOverflow(page);
      await file.click();
      await expect(csv).toBeHidden();
    });
  });
}
