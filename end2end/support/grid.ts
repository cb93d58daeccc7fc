import { expect, type Locator, type Page } from "./test";

/** The live grid on a table's page. Rows are counted from 1, columns are called by their names. */
export class Grid {
  readonly table: Locator;
  readonly status: Locator;
  readonly notices: Locator;
  readonly error: Locator;
  /** The field that has the keyboard, whether or not a cell is edited in it. */
  readonly keyboard: Locator;
  /** The same field while a cell is edited. */
  readonly editor: Locator;
  private columns: string[] = [];

  private constructor(
    readonly page: Page,
    name: string,
  ) {
    this.table = page.getByRole("grid", { name, exact: true });
    this.status = page.getByRole("status");
    this.notices = page.locator(".grid__notices").getByRole("alert");
    this.keyboard = this.table.locator("xpath=following-sibling::*").getByRole("textbox");
    this.editor = page.locator(".grid__editor.is-open").getByRole("textbox");
    this.error = this.table.locator("xpath=following-sibling::*").getByRole("alert");
  }

  /** Waits until the table has come alive and its rows are loaded. */
  static async on(page: Page, name: string): Promise<Grid> {
    const grid = new Grid(page, name);
    await grid.ready();
    return grid;
  }

  async ready(): Promise<void> {
    await expect(this.table).toBeVisible();
    await expect(this.table.locator("tbody tr[aria-rowindex]").first()).toBeVisible();
    await expect(this.table).not.toHaveAttribute("aria-busy", "true");
    this.columns = await this.table.locator("thead .grid__name").allTextContents();
  }

  row(row: number): Locator {
    return this.table.locator(`tbody tr[aria-rowindex="${row + 1}"]`);
  }

  cell(row: number, column: string): Locator {
    const index = this.columns.indexOf(column);
    if (index < 0) throw new Error(`There is no column ${column}, only ${this.columns.join(", ")}`);
    return this.row(row).locator(`[aria-colindex="${index + 1}"]`);
  }

  head(column: string): Locator {
    return this.table.getByRole("columnheader").filter({ has: this.page.getByText(column, { exact: true }) });
  }

  /** The cell that has the keyboard. */
  async expectActive(row: number, column: string): Promise<void> {
    const id = (await this.cell(row, column).getAttribute("id")) ?? "no id";
    await expect(this.keyboard).toHaveAttribute("aria-activedescendant", id);
  }

  /** The keyboard is in the grid and moves about in it. */
  async expectFocused(): Promise<void> {
    await expect(this.keyboard).toBeFocused();
    await expect(this.editor).toHaveCount(0);
  }

  async select(row: number, column: string): Promise<void> {
    await this.cell(row, column).click();
    await this.expectActive(row, column);
  }

  async press(...keys: string[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  /** Types over the selected cell, and ends with Enter. */
  async enter(text: string, end = "Enter"): Promise<void> {
    await this.page.keyboard.type(text);
    await expect(this.editor).toHaveValue(text);
    await this.press(end);
  }

  async set(row: number, column: string, text: string): Promise<void> {
    await this.select(row, column);
    await this.enter(text);
    await expect(this.cell(row, column)).toHaveText(text);
  }

  async expectSaved(): Promise<void> {
    await expect(this.status).toHaveText("Saved to your draft");
  }

  /** Puts a text where a spreadsheet's Copy puts it, and pastes it with the keyboard. */
  async paste(text: string): Promise<void> {
    await this.page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await this.page.evaluate((text) => navigator.clipboard.writeText(text), text);
    await this.press("Control+v");
  }

  /** What Copy gives to a spreadsheet. */
  async copy(): Promise<string> {
    await this.page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await this.press("Control+c");
    return this.page.evaluate(() => navigator.clipboard.readText());
  }
}
