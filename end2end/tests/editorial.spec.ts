import { PRODUCTS } from "../support/data";
import { PASSWORD, check, expectSignedIn, setUp } from "../support/people";
import { upload } from "../support/steps";
import { expect, status, test, type Page } from "../support/test";

const tab = (page: Page, name: string) =>
  page.getByRole("navigation", { name: "Merge request", exact: true }).getByRole("link", { name });

const comment = (page: Page) => page.getByRole("textbox", { name: /^Comment/ });

/** Makes an account of one's own, from the first page on. */
async function signUp(page: Page, name: string): Promise<void> {
  await page.goto("/");
  await page.getByRole("link", { name: "Sign in" }).first().click();
  await page.getByRole("link", { name: "Make one" }).click();
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Make the account" }).click();
  await expectSignedIn(page, name);
}

/** Changes a cell on its row's page. */
async function edit(page: Page, dataset: string, row: string, column: string, value: string): Promise<void> {
  await page.goto(`/${dataset}/tables/products/rows/${row}`);
  await page.getByLabel(column).fill(value);
  await page.getByRole("button", { name: "Save to your draft" }).click();
}

async function commit(page: Page, dataset: string, message: string): Promise<void> {
  await page.goto(`/${dataset}/draft`);
  await page.getByLabel("Message").fill(message);
  await page.getByRole("button", { name: "Commit" }).click();
  await expect(page.getByRole("heading", { level: 1, name: message })).toBeVisible();
}

/** What a cell holds on the main branch, for somebody who may edit it. */
async function expectCell(page: Page, row: string, column: string, value: string): Promise<void> {
  await page.goto(`/ada/bakery/tables/products/rows/${row}`);
  await expect(page.getByLabel(column)).toHaveValue(value);
}

async function approve(page: Page): Promise<void> {
  await page.getByLabel("Approve").check();
  await page.getByRole("button", { name: "Send the review" }).click();
  await expect(page.getByRole("listitem").filter({ hasText: "approved" }).last()).toBeVisible();
}

test("three people keep a price list, from signing up to merging and back", async ({ page, server, otherWindow, complaints }) => {
  test.setTimeout(240_000);
  complaints.expect(status(409), status(422));
  const [ada, grace, mary] = [page, await otherWindow(), await otherWindow()];

  // Ada runs the server, lets others sign up, and brings her list, which everybody may read.
  await setUp(ada, server, "ada");
  await ada.goto("/account/people");
  await ada.getByLabel("Who may make an account of their own").selectOption("open");
  await ada.getByRole("button", { name: "Save" }).click();
  await ada.goto("/");
  await ada.getByRole("link", { name: /Create the first dataset|New dataset/ }).click();
  await ada.getByLabel("Name").fill("bakery");
  await ada.getByRole("button", { name: "Create dataset" }).click();
  await upload(ada, "/ada/bakery", "products", await server.file("products.csv", PRODUCTS));
  await ada.getByRole("button", { name: "Import 5 rows" }).click();
  await expect(ada.getByText("5 rows imported and committed.")).toBeVisible();
  await ada.goto("/ada/bakery/people");
  await ada.getByRole("button", { name: "Let everybody read it" }).click();
  await expect(ada.getByText("Everybody may read this dataset.")).toBeVisible();

  // Grace and Mary sign up. Mary is to review.
  await signUp(grace, "grace");
  await signUp(mary, "mary");
  await ada.getByLabel("Account").fill("mary");
  await ada.getByLabel("Role").selectOption("writer");
  await ada.getByRole("button", { name: "Give the role" }).click();
  await expect(ada.getByRole("row", { name: "mary" })).toContainText("writer");

  // Grace forks what she finds, and changes two prices there.
  await grace.goto("/");
  await grace.getByRole("main").getByRole("link", { name: "bakery" }).click();
  await grace.getByRole("link", { name: "Fork", exact: true }).click();
  await grace.getByRole("button", { name: "Fork", exact: true }).click();
  await expect(grace).toHaveURL("/grace/bakery");
  await edit(grace, "grace/bakery", "A1", "price", "2.75");
  await edit(grace, "grace/bakery", "A2", "price", "1.45");
  await commit(grace, "grace/bakery", "Flour is dearer");

  // Meanwhile Ada changes one of them as well; from then on the list changes by requests only, which somebody else approves.
  await edit(ada, "ada/bakery", "A1", "price", "2.65");
  await commit(ada, "ada/bakery", "Rye is dearer");
  await ada.goto("/ada/bakery/branches");
  await ada.getByText("Set rules for a branch…").click();
  await ada.getByLabel("Approvals that a request needs").fill("1");
  await ada.getByRole("button", { name: "Set the rules" }).click();
  await expect(ada.getByRole("region", { name: "Rules by branch" })).toContainText("1 approval needed");

  // Grace proposes what she has.
  await grace.goto("/grace/bakery");
  await expect(grace.getByRole("main")).toContainText("1 commit ahead of main, 1 behind");
  await grace.getByRole("link", { name: "Offer changes to ada/bakery" }).click();
  await grace.getByLabel("Title").fill("Prices of flour");
  await grace.getByLabel("Description").fill("The mill sent a **new list**.");
  await grace.getByRole("button", { name: "Open the merge request" }).click();
  await expect(grace.getByRole("heading", { level: 1, name: "Prices of flour" })).toBeVisible();
  await expect(grace.getByRole("link", { name: "1 thing to decide" })).toBeVisible();
  await check(grace);
  const request = new URL(grace.url()).pathname;
  expect(request).toBe("/ada/bakery/requests/1");

  // Mary asks about a cell; Grace answers, and takes the value that Mary suggests.
  await mary.goto("/");
  await mary.getByRole("rowheader").filter({ hasText: "ada/bakery" }).getByRole("link", { name: "bakery" }).click();
  await mary.getByRole("link", { name: "Merge requests" }).click();
  await mary.getByRole("link", { name: "Prices of flour" }).click();
  await tab(mary, "Changes").click();
  await mary.getByRole("link", { name: "Comment on price of row A2" }).click();
  await comment(mary).fill("Is that not too much, @grace?");
  await mary.getByLabel("Suggested value").fill("1.35");
  await mary.getByRole("button", { name: "Comment", exact: true }).click();
  await expect(mary.getByText("Your comment is in the conversation.")).toBeVisible();
  await grace.goto("/account/inbox");
  await grace.getByRole("main").getByRole("link", { name: "Prices of flour" }).click();
  const thread = grace.getByRole("listitem").filter({ hasText: "Is that not too much" }).last();
  await thread.getByText("Answer…").click();
  await thread.getByLabel("Your answer").fill("You are right.");
  await thread.getByRole("button", { name: "Answer", exact: true }).click();
  await grace.getByRole("button", { name: "Apply the suggestion" }).click();
  await grace.getByText("Settled by grace: show it").click();
  await expect(grace.getByText("Applied", { exact: true })).toBeVisible();
  await check(grace);

  // What both changed is decided by Mary: as offered.
  await mary.goto(request);
  await mary.getByRole("link", { name: "1 thing to decide" }).click();
  const price = mary.getByRole("region", { name: "price of row A1 in products", exact: true });
  await expect(price).toContainText("2.65");
  await expect(price).toContainText("2.75");
  await price.getByRole("button", { name: "As offered" }).click();
  await expect(mary.getByText("1 of 1 conflict decided")).toBeVisible();
  await check(mary);
  await mary.getByRole("link", { name: "Back to the request" }).click();
  await expect(mary.getByRole("button", { name: "Merge into main" })).toHaveCount(0);
  await approve(mary);
  await check(mary);

  // Ada merges.
  await ada.goto(request);
  await ada.getByRole("button", { name: "Merge into main" }).click();
  await expect(ada.getByText("Its changes are in main in commit")).toBeVisible();
  await check(ada);
  await expectCell(mary, "A1", "price", "2.75");
  await expectCell(mary, "A2", "price", "1.35");
  await expect(async () => {
    await grace.goto("/account/inbox");
    await expect(grace.getByRole("main")).toContainText("merged", { timeout: 500 });
  }).toPass();
  await grace.goto("/ada/bakery/history");
  await expect(grace.getByRole("link", { name: "Merge #1: Prices of flour" })).toBeVisible();

  // It was a mistake: another request takes it back, by the same rules.
  await ada.goto(request);
  await ada.getByRole("button", { name: "Revert…" }).click();
  await expect(ada.getByRole("heading", { level: 1, name: "Revert “Prices of flour”" })).toBeVisible();
  await expect(ada.getByRole("button", { name: "Merge into main" })).toHaveCount(0);
  await mary.goto(new URL(ada.url()).pathname);
  await approve(mary);
  await mary.getByRole("button", { name: "Merge into main" }).click();
  await expect(mary.getByText("Its changes are in main in commit")).toBeVisible();
  await expectCell(ada, "A1", "price", "2.65");
  await expectCell(ada, "A2", "price", "1.25");
});
