import { expectAccessible } from "../support/accessible";
import { manyRows, PRODUCTS } from "../support/data";
import { Grid } from "../support/grid";
import { expect, test, type CDPSession, type Page } from "../support/test";

// Text comes to a selected cell in more ways than by keys: Chromium's own protocol does what an emoji picker, a dictation
// (Input.insertText) and an input method (Input.imeSetComposition) do, without any key.
test.describe("text that comes to a cell that is merely selected", { tag: "@script" }, () => {
  let grid: Grid;
  let browser: CDPSession;

  test.beforeEach(async ({ page, server }) => {
    await server.import("local/bakery", "products", PRODUCTS);
    await page.goto("/local/bakery/tables/products");
    grid = await Grid.on(page, "products");
    browser = await page.context().newCDPSession(page);
  });

  const insert = (text: string) => browser.send("Input.insertText", { text });
  const compose = (text: string) =>
    browser.send("Input.imeSetComposition", { text, selectionStart: text.length, selectionEnd: text.length });

  test("an emoji or dictated words begin an edit and are all there", async ({ page }) => {
    await grid.select(2, "name");
    await insert("🥖");
    await expect(grid.editor).toHaveValue("🥖");
    await expect(grid.editor).toHaveAccessibleName("name, A2");
    await expectAccessible(page);
    await insert(" baguette");
    await page.keyboard.type("s");
    await grid.press("Enter");
    await expect(grid.cell(2, "name")).toHaveText("🥖 baguettes");
    await grid.expectActive(3, "name");
    // The next cell is typed into at once, as on a phone whose keyboard stays up.
    await insert("Sour 🍞");
    await grid.press("Tab");
    await expect(grid.cell(3, "name")).toHaveText("Sour 🍞");
    await grid.expectSaved();
  });

  test("a composition goes through from its first key", async ({ page }) => {
    await grid.select(2, "name");
    for (const text of ["k", "か", "かg", "かぎ"]) await compose(text);
    await expect(grid.editor).toHaveValue("かぎ");
    await page.keyboard.insertText("鍵");
    await expect(grid.editor).toHaveValue("鍵");
    await expect(grid.editor).toBeFocused();
    await grid.press("Enter");
    await expect(grid.cell(2, "name")).toHaveText("鍵");
    await grid.expectSaved();
    await grid.expectActive(3, "name");
    await grid.expectFocused();
  });

  test("a dead key and its letter become one", async () => {
    await grid.select(2, "name");
    await browser.send("Input.dispatchKeyEvent", { type: "keyDown", key: "Dead", code: "BracketLeft", windowsVirtualKeyCode: 229 });
    await compose("´");
    await insert("é");
    await expect(grid.editor).toHaveValue("é");
    await grid.press("Enter");
    await expect(grid.cell(2, "name")).toHaveText("é");
  });

  test("a composition that is interrupted by a click is taken as far as it got, and only there", async () => {
    await grid.select(2, "name");
    await compose("かぎ");
    await expect(grid.editor).toHaveValue("かぎ");
    await grid.cell(4, "name").click();
    await expect(grid.cell(2, "name")).toHaveText("かぎ");
    await grid.expectActive(4, "name");
    await grid.expectFocused();
    await expect(grid.cell(4, "name")).toHaveText("Spelt loaf");
    await insert("Rest");
    await grid.press("Enter");
    await expect(grid.cell(4, "name")).toHaveText("Rest");
  });

  test("Escape gives up a text that no key has brought", async () => {
    await grid.select(2, "name");
    await insert("gone");
    await grid.press("Escape");
    await grid.expectFocused();
    await expect(grid.cell(2, "name")).toHaveText("Wheat loaf");
    await grid.press("F2");
    await expect(grid.editor).toHaveValue("Wheat loaf");
    await grid.press("Escape");
  });

  test("a phone's keyboard, which does not name its keys", async () => {
    await grid.select(2, "price");
    for (const text of ["1", ".", "5"]) {
      await browser.send("Input.dispatchKeyEvent", { type: "rawKeyDown", key: "Unidentified", windowsVirtualKeyCode: 229 });
      await insert(text);
      await browser.send("Input.dispatchKeyEvent", { type: "keyUp", key: "Unidentified", windowsVirtualKeyCode: 229 });
    }
    await expect(grid.editor).toHaveValue("1.5");
    await browser.send("Input.dispatchKeyEvent", { type: "char", text: "\r", key: "Unidentified", windowsVirtualKeyCode: 229 });
    await expect(grid.cell(2, "price")).toHaveText("1.5");
    await grid.expectActive(3, "price");
  });

  test("text for a column's head goes nowhere", async () => {
    await grid.select(1, "name");
    await grid.press("ArrowUp");
    await insert("lost on purpose");
    await compose("かぎ");
    await grid.expectFocused();
    await expect(grid.keyboard).toHaveValue("");
    await grid.press("ArrowDown");
    await insert("Rye");
    await expect(grid.editor).toHaveValue("Rye");
  });
});

test.describe("keys that come before their row", { tag: "@script" }, () => {
  const ROWS = 3_000;
  let grid: Grid;
  /** Lets the rows come that were asked for. */
  let answer: () => void;

  test.beforeEach(async ({ page, server }) => {
    await server.import("local/big", "rows", manyRows(ROWS));
    await page.goto("/local/big/tables/rows");
    grid = await Grid.on(page, "rows");
    await grid.select(1, "name");
    answer = await holdRows(page);
    await grid.press("Control+ArrowDown", "ArrowUp");
    await grid.expectActive(ROWS, "name");
    await expect(grid.row(ROWS)).toHaveClass("is-loading");
  });

  test("what is typed stands in the editor when the row comes", async ({ page }) => {
    await page.keyboard.type("The last");
    await expect(grid.editor).toHaveValue("The last");
    answer();
    await expect(grid.cell(ROWS, "id")).toHaveText(String(ROWS));
    await page.keyboard.type(" one");
    await expect(grid.editor).toHaveValue("The last one");
    await grid.press("Enter");
    await expect(grid.cell(ROWS, "name")).toHaveText("The last one");
    await grid.expectSaved();
    await expect(grid.cell(ROWS, "name")).toHaveAccessibleDescription(`Not committed; before: Name ${ROWS}`);
  });

  test("whole cells are filled in before their rows come, and saved", async ({ page }) => {
    await grid.press("ArrowUp", "ArrowUp");
    for (const text of ["one", "two", "three"]) await grid.enter(text);
    await grid.expectActive(ROWS + 1, "name");
    await expect(grid.cell(ROWS - 1, "name")).toHaveText("two");
    answer();
    await grid.expectSaved();
    for (const [row, text] of [[ROWS - 2, "one"], [ROWS - 1, "two"], [ROWS, "three"]] as const) {
      await expect(grid.cell(row, "name")).toHaveText(text);
      await expect(grid.cell(row, "name")).toHaveAccessibleDescription(`Not committed; before: Name ${row}`);
    }
    await page.goto(`/local/big/tables/rows?row=${ROWS}`);
    await grid.ready();
    await expect(grid.cell(ROWS, "name")).toHaveText("three");
  });

  test("it is saved although the person has gone elsewhere", async ({ page }) => {
    await grid.enter("far away");
    await grid.press("Control+Home");
    await grid.expectActive(1, "id");
    answer();
    await grid.expectSaved();
    await page.goto(`/local/big/tables/rows?row=${ROWS}`);
    await grid.ready();
    await expect(grid.cell(ROWS, "name")).toHaveText("far away");
  });

  test("a wrong value is refused before the row is there", async ({ page }) => {
    await grid.press("ArrowRight", "ArrowRight", "ArrowRight");
    await page.keyboard.type("many");
    await grid.press("Enter");
    await expect(grid.error).toHaveText(/^This is not /);
    await expect(grid.editor).toHaveValue("many");
    answer();
    await grid.editor.fill("7");
    await grid.press("Enter");
    await expect(grid.cell(ROWS, "quantity")).toHaveText("7");
  });

  test("F2 opens the content as soon as it is there", async ({ page }) => {
    await grid.press("F2");
    await expect(grid.editor).toHaveCount(0);
    answer();
    await expect(grid.editor).toHaveValue(`Name ${ROWS}`);
    await page.keyboard.type("!");
    await grid.press("Enter");
    await expect(grid.cell(ROWS, "name")).toHaveText(`Name ${ROWS}!`);
  });
});

/** Rows are asked for but do not come until the answer is called. */
async function holdRows(page: Page): Promise<() => void> {
  let answer = () => {};
  const answered = new Promise<void>((resolve) => (answer = resolve));
  await page.route("**/api/functions/grid/rows*", async (route) => {
    await answered;
    // The page may have given this request up meanwhile.
    await route.continue().catch(() => {});
  });
  return answer;
}
