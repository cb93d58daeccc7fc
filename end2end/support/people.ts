import { expectAccessible, expectNoOverflow, expectWellFormed } from "./accessible";
import type { Server } from "./server";
import { expect, type Page } from "./test";

export const PASSWORD = "a few words that belong";

/** What holds for every page. */
export async function check(page: Page): Promise<void> {
  await expectWellFormed(page);
  await expectAccessible(page);
  await expectNoOverflow(page);
}

export async function expectSignedIn(page: Page, name: string): Promise<void> {
  await expect(page.getByRole("navigation", { name: "Main" }).getByRole("link", { name })).toBeVisible();
}

/** Makes the first account, which then is signed in. */
export async function setUp(page: Page, server: Server, name: string): Promise<void> {
  await page.goto(server.setUpAddress);
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Make the account" }).click();
  await expectSignedIn(page, name);
}

export async function makeAccount(page: Page, name: string): Promise<void> {
  await page.goto("/account/people");
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Make the account" }).click();
  await expect(page.getByRole("rowheader", { name })).toBeVisible();
}

/** Gives name and password. */
export async function enter(page: Page, name: string): Promise<void> {
  await page.goto("/sign-in");
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

export async function signIn(page: Page, name: string): Promise<void> {
  await enter(page, name);
  await expectSignedIn(page, name);
}

export async function signOut(page: Page): Promise<void> {
  await page.goto("/account");
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await expect(page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Sign in" })).toBeVisible();
}
