import { expectAccessible, expectNoOverflow, expectWellFormed } from "../support/accessible";
import { PRODUCTS } from "../support/data";
import type { Server } from "../support/server";
import { expect, status, test, type Page } from "../support/test";

const PASSWORD = "a few words that belong";

async function check(page: Page): Promise<void> {
  await expectWellFormed(page);
  await expectAccessible(page);
  await expectNoOverflow(page);
}

const navigation = (page: Page) => page.getByRole("navigation", { name: "Main" });

/** Ada's bakery, which she is signed in to, and another account. */
async function setUp(page: Page, server: Server, other: string): Promise<void> {
  await server.import("local/bakery", "products", PRODUCTS, "--message", "Add the price list");
  await page.goto(server.setUpAddress);
  await page.getByLabel("Name", { exact: true }).fill("ada");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Make the account" }).click();
  await expect(navigation(page).getByRole("link", { name: "ada" })).toBeVisible();
  await page.goto("/account/people");
  await page.getByLabel("Name", { exact: true }).fill(other);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Make the account" }).click();
  await expect(page.getByRole("rowheader", { name: other })).toBeVisible();
}

async function signIn(page: Page, name: string): Promise<void> {
  await page.goto("/sign-in");
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(navigation(page).getByRole("link", { name })).toBeVisible();
}

async function giveRole(page: Page, name: string, role: string): Promise<void> {
  await page.goto("/ada/bakery/people");
  await page.getByLabel("Account").fill(name);
  await page.getByLabel("Role").selectOption(role);
  await page.getByRole("button", { name: "Give the role" }).click();
  await expect(page.getByRole("row", { name })).toContainText(role);
}

/** The inbox's link, once so much is unread: nobody who does something waits for all who are told. */
async function expectUnread(page: Page, count: number): Promise<void> {
  const name = count > 0 ? `Inbox, ${count} unread` : "Inbox";
  await expect(async () => {
    await page.goto("/");
    await expect(navigation(page).getByRole("link", { name, exact: true })).toBeVisible({ timeout: 500 });
  }).toPass();
}

test("a reader proposes a change, and both hear of what the other says", async ({ page, server, otherWindow, complaints }) => {
  test.slow();
  complaints.expect(status(404));
  await setUp(page, server, "grace");
  const grace = await otherWindow();
  await signIn(grace, "grace");
  await expectUnread(grace, 0);
  await giveRole(page, "grace", "commenter");

  // She is told, and reads it by going there.
  await expectUnread(grace, 1);
  await navigation(grace).getByRole("link", { name: /^Inbox/ }).click();
  const notice = grace.getByRole("main").getByRole("listitem").filter({ hasText: "made you commenter" });
  await expect(notice).toContainText("Your role");
  await check(grace);
  await notice.getByRole("link", { name: "bakery" }).click();
  await expect(grace).toHaveURL("/ada/bakery");
  await expect(navigation(grace).getByRole("link", { name: "Inbox", exact: true })).toBeVisible();
  await check(grace);

  // She may not edit there: she does in a fork of her own, which she need not know of.
  await grace.getByRole("main").getByRole("link", { name: "products" }).click();
  await grace.getByRole("button", { name: "Propose changes" }).click();
  await expect(grace).toHaveURL("/grace/bakery/at/grace-1/tables/products");
  await grace.goto("/grace/bakery/at/grace-1/tables/products/rows/A2");
  await grace.getByLabel("price").fill("1.35");
  await grace.getByRole("button", { name: "Save to your draft" }).click();
  await grace.goto("/grace/bakery/at/grace-1/draft");
  await grace.getByLabel("Message").fill("Wheat is dearer\n\nSo it is, @ada.");
  await check(grace);
  await grace.getByRole("button", { name: "Propose to ada/bakery" }).click();
  await expect(grace.getByRole("heading", { level: 1, name: "Wheat is dearer" })).toBeVisible();
  await expect(grace).toHaveURL("/ada/bakery/requests/1");
  await expect(grace.getByText("@ada", { exact: true })).toHaveClass("mention");

  // Ada is mentioned, and answers on the very cell.
  await expectUnread(page, 1);
  await navigation(page).getByRole("link", { name: /^Inbox/ }).click();
  await expect(page.getByText("You are mentioned")).toBeVisible();
  await page.getByRole("main").getByRole("link", { name: "Wheat is dearer" }).click();
  await expect(navigation(page).getByRole("link", { name: "Inbox", exact: true })).toBeVisible();
  await page.getByRole("navigation", { name: "Merge request", exact: true }).getByRole("link", { name: "Changes" }).click();
  await check(page);
  await page.getByRole("link", { name: "Comment on price of row A2" }).click();
  await expect(page.getByLabel("Row", { exact: true })).toHaveValue("A2");
  await expect(page.getByLabel("Column", { exact: true })).toHaveValue("price");
  await page.getByRole("textbox", { name: /^Comment/ }).fill("By how much, @grace?");
  await check(page);
  await page.getByRole("button", { name: "Comment", exact: true }).click();
  await expect(page.getByText("Your comment is in the conversation.")).toBeVisible();

  await expectUnread(grace, 1);
  await navigation(grace).getByRole("link", { name: /^Inbox/ }).click();
  await expect(grace.getByText("By how much, @grace?")).toBeVisible();
  await grace.getByRole("button", { name: "Mark all as read" }).click();
  await expect(grace.getByRole("heading", { name: "Nothing is unread" })).toBeVisible();
  await check(grace);
  await grace.getByRole("link", { name: "All", exact: true }).click();
  await expect(grace.getByRole("link", { name: "Wheat is dearer" })).toBeVisible();

  // She watches everything, then nothing.
  await grace.goto("/ada/bakery");
  await grace.getByText("Watch…", { exact: true }).click();
  const level = (name: RegExp) => grace.getByRole("radio", { name });
  await expect(level(/^What concerns me/)).toBeChecked();
  await level(/^Everything/).check();
  await check(grace);
  await grace.getByRole("button", { name: "Save" }).click();
  await grace.getByText("Watching", { exact: true }).click();
  await level(/^Nothing/).check();
  await grace.getByRole("button", { name: "Save" }).click();
  await expect(grace.getByText("Muted", { exact: true })).toBeVisible();

  // Without the role there is nothing to hear of, and nothing to find.
  await page.goto("/ada/bakery/people");
  await page.getByRole("button", { name: "Take the role from grace" }).click();
  await expect(page.getByRole("row", { name: "grace" })).toHaveCount(0);
  await grace.goto("/account/inbox?show=all");
  await expect(grace.getByRole("heading", { name: "Nothing has come yet" })).toBeVisible();
  expect((await grace.goto("/ada/bakery/requests/1"))?.status()).toBe(404);
});

test("what one may read is searched from every page", async ({ page, server, otherWindow }) => {
  test.slow();
  await setUp(page, server, "grace");
  await page.goto("/system");
  await page.getByRole("searchbox", { name: "Search everything" }).fill("bakery pri");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL("/search?q=bakery+pri");
  const columns = page.getByRole("region", { name: "Columns" });
  await expect(columns.getByRole("listitem")).toHaveCount(1);
  await expect(columns.locator("mark").first()).toHaveText("pri");
  await expect(page.getByRole("searchbox")).toHaveValue("bakery pri");
  await check(page);
  await columns.getByRole("link", { name: "price" }).click();
  await expect(page).toHaveURL("/ada/bakery/tables/products");
  await page.goto("/search");
  await expect(page.getByRole("heading", { name: "What are you looking for?" })).toBeVisible();
  await check(page);

  const grace = await otherWindow();
  await signIn(grace, "grace");
  await grace.getByRole("searchbox").fill("bakery");
  await grace.getByRole("button", { name: "Search" }).click();
  await expect(grace.getByRole("heading", { name: "Nothing is found" })).toBeVisible();
  await check(grace);
});

test("changes are looked through one by one, from the keyboard too", async ({ page, server }) => {
  await server.import("local/bakery", "products", PRODUCTS);
  const operations = [
    { op: "update", table: "products", key: "A1", values: { price: "2.75" } },
    { op: "update", table: "products", key: "A2", values: { name: "Big wheat loaf" } },
    { op: "delete", table: "products", key: "A4" },
  ];
  for (const [path, data] of [
    ["branches", { name: "prices" }],
    ["commits", { branch: "prices", message: "Prices", operations }],
    ["merge-requests", { title: "Prices", source_branch: "prices" }],
  ] as const) {
    const answer = await page.request.post(`/api/v1/datasets/local/bakery/${path}`, { data });
    expect(answer.ok(), await answer.text()).toBe(true);
  }
  await page.goto("/local/bakery/requests/1/changes");
  const row = (number: number) => page.locator(`#change-${number}`);
  await row(1).getByRole("link", { name: "Next change" }).focus();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/#change-2$/);
  await expect(row(2)).toBeInViewport();
  // The keyboard goes on from there.
  await page.keyboard.press("Tab");
  await expect(row(2).getByRole("link").first()).toBeFocused();
  await row(2).getByRole("link", { name: "Previous change" }).click();
  await expect(page).toHaveURL(/#change-1$/);
  await expect(row(3).getByRole("link", { name: "Next change" })).toHaveCount(0);
  await check(page);

  await page.getByLabel("Rows").selectOption("changed");
  await page.getByLabel("Changed in column").fill("price");
  await page.getByRole("button", { name: "Filter" }).click();
  await expect(page.getByRole("row", { name: /A1/ })).toBeVisible();
  await expect(page.getByRole("row", { name: /A2/ })).toHaveCount(0);
  await check(page);
  await page.getByRole("link", { name: "All changes" }).click();
  await expect(page.getByRole("row", { name: /A4/ })).toBeVisible();
});
