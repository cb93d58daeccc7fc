import { expect, type Page } from "./test";

/** Creates a dataset from the first page on. */
export async function newDataset(page: Page, name: string): Promise<void> {
  await page.goto("/");
  await page.getByRole("link", { name: /Create the first dataset|New dataset/ }).click();
  await page.getByLabel("Name").fill(name);
  await page.getByRole("button", { name: "Create dataset" }).click();
  await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
}

/** Sends a file off to become a table of a dataset, without waiting for what comes of it. */
export async function upload(page: Page, dataset: string, table: string, file: string): Promise<void> {
  await page.goto(dataset);
  await page.getByRole("link", { name: "Import a file" }).first().click();
  await page.getByRole("textbox", { name: "Table" }).fill(table);
  await page.getByLabel("File", { exact: true }).setInputFiles(file);
  await page.getByRole("button", { name: "Upload and inspect" }).click({ noWaitAfter: true });
}
