import { PRODUCTS } from "../support/data";
import { Grid } from "../support/grid";
import { expect, test, type Page } from "../support/test";

/** Whether a person sees where the keyboard is: the outline or the shadow differ from those without it. */
async function expectFocusSeen(page: Page): Promise<void> {
  const seen = await page.evaluate(() => {
    const element = document.activeElement as HTMLElement;
    const look = () => {
      const { outlineStyle, outlineWidth, boxShadow, borderColor, backgroundColor } = getComputedStyle(element);
      return JSON.stringify([outlineStyle === "none" ? "" : outlineWidth, boxShadow, borderColor, backgroundColor]);
    };
    const focused = look();
    element.blur();
    const without = look();
    element.focus({ focusVisible: true } as FocusOptions);
    return { name: element.outerHTML.slice(0, 120), differs: focused !== without };
  });
  expect(seen.differs, `the keyboard is seen on ${seen.name}`).toBe(true);
}

test("the skip link comes first and leads to the content", async ({ page, server }) => {
  await server.import("local/bakery", "products", PRODUCTS);
  await page.goto("/local/bakery");
  await page.keyboard.press("Tab");
  const skip = page.getByRole("link", { name: "Skip to content" });
  await expect(skip).toBeFocused();
  await expect(skip).toBeInViewport();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("main")).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Import a file" })).toBeFocused();
});

test("every stop of the keyboard is seen", async ({ page, server }) => {
  await server.import("local/bakery", "products", PRODUCTS);
  for (const address of ["/", "/new", "/local/bakery", "/local/bakery/import", "/local/bakery/tables/products/rows/A2"]) {
    await page.goto(address);
    const stops = await page.locator("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']").count();
    for (let stop = 0; stop < Math.min(stops, 14); stop++) {
      await page.keyboard.press("Tab");
      if (await page.evaluate(() => document.activeElement === document.body)) break;
      await expectFocusSeen(page);
    }
  }
});

test("the grid is entered and left with Tab", { tag: "@script" }, async ({ page, server }) => {
  await server.import("local/bakery", "products", PRODUCTS);
  await page.goto("/local/bakery/tables/products");
  const grid = await Grid.on(page, "products");
  await page.getByRole("link", { name: "Open row" }).focus();
  await page.keyboard.press("Tab");
  await grid.expectFocused();
  await grid.expectActive(1, "sku");
  await grid.press("ArrowDown", "ArrowRight");
  await grid.expectActive(2, "name");
  await page.keyboard.press("Shift+Tab");
  await expect(page.getByRole("link", { name: "Open row" })).toBeFocused();
  await page.keyboard.press("Tab");
  await grid.expectActive(2, "name");
  await page.keyboard.press("Tab");
  await expect(grid.keyboard).not.toBeFocused();
  await expect(grid.table.locator(":focus")).toHaveCount(0);

  // An editor keeps Tab to itself; after Escape the keyboard is back in the grid.
  await grid.select(2, "name");
  await page.keyboard.press("F2");
  await expect(grid.editor).toBeFocused();
  await page.keyboard.press("Escape");
  await grid.expectFocused();
});

test("the row under the keyboard is opened as a page", { tag: "@script" }, async ({ page, server }) => {
  await server.import("local/bakery", "products", PRODUCTS);
  await page.goto("/local/bakery/tables/products");
  const grid = await Grid.on(page, "products");
  await grid.select(3, "price");
  await page.getByRole("link", { name: "Open row" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Row A3" })).toBeVisible();
});
