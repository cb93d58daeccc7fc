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

async function setUp(page: Page, server: Server, name: string): Promise<void> {
  await page.goto(server.setUpAddress);
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Make the account" }).click();
  await expect(page.getByRole("navigation", { name: "Main" }).getByRole("link", { name })).toBeVisible();
}

async function makeAccount(page: Page, name: string): Promise<void> {
  await page.goto("/account/people");
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Make the account" }).click();
  await expect(page.getByRole("rowheader", { name })).toBeVisible();
}

async function signIn(page: Page, name: string): Promise<void> {
  await page.goto("/sign-in");
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("navigation", { name: "Main" }).getByRole("link", { name })).toBeVisible();
}

test("an organisation is founded, a team edits its dataset, which is given away and archived", async ({ page, server, otherWindow, complaints }) => {
  test.slow();
  complaints.expect(status(403), status(404), status(409), status(422));
  await server.import("local/bakery", "products", PRODUCTS);
  await setUp(page, server, "ada");
  await makeAccount(page, "grace");

  // A name that is taken is refused with what was typed.
  await page.goto("/account");
  await page.getByRole("link", { name: "Organisations" }).click();
  await check(page);
  await page.getByLabel("Name", { exact: true }).fill("grace");
  await page.getByLabel("Full name").fill("The bakers");
  await page.getByRole("button", { name: "Found it" }).click();
  await expect(page.getByRole("alert")).toContainText("The name “grace” is taken.");
  await expect(page.getByLabel("Full name")).toHaveValue("The bakers");
  await page.getByLabel("Name", { exact: true }).fill("bakers");
  await page.getByRole("button", { name: "Found it" }).click();
  await expect(page).toHaveURL("/bakers");
  await expect(page.getByRole("heading", { level: 1, name: "The bakers" })).toBeVisible();
  await check(page);

  // Somebody is invited, declines, is invited again, accepts, and is in a team.
  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByLabel("What members are in all its datasets").selectOption("none");
  await page.getByRole("button", { name: "Save" }).click();
  const open = page.getByRole("region", { name: "Open invitations" });
  const invite = async (name: string) => {
    await page.getByLabel("Account", { exact: true }).fill(name);
    await page.getByRole("button", { name: "Invite", exact: true }).click();
    await expect(open.getByRole("row", { name: new RegExp(`^${name}`) })).toContainText("member");
  };
  await invite("grace");
  await check(page);
  const grace = await otherWindow();
  await signIn(grace, "grace");
  expect((await grace.goto("/bakers"))?.status()).toBe(404);
  await grace.goto("/");
  await grace.getByRole("link", { name: "Inbox, 1 unread" }).click();
  const invitation = grace.getByRole("region", { name: "Invitation to bakers" });
  await expect(invitation).toContainText("ada invites you to the organisation bakers (The bakers), as a member");
  await check(grace);
  await invitation.getByRole("button", { name: "Decline bakers" }).click();
  await expect(invitation).toHaveCount(0);
  await page.reload();
  await expect(open).toHaveCount(0);
  await invite("grace");
  await page.getByRole("button", { name: "Withdraw the invitation of grace" }).click();
  await expect(open).toHaveCount(0);
  await invite("grace");
  await grace.goto("/grace");
  await check(grace);
  await invitation.getByRole("button", { name: "Accept bakers" }).click();
  await expect(grace).toHaveURL("/bakers");
  await page.reload();
  await expect(open).toHaveCount(0);
  await expect(page.getByRole("row", { name: /^grace/ })).toContainText("member");
  await page.getByLabel("New team").fill("editors");
  await page.getByRole("button", { name: "Make the team" }).click();
  const team = page.getByRole("region", { name: "Team editors" });
  await team.getByLabel("Put into editors").selectOption("grace");
  await team.getByRole("button", { name: "Put into the team editors" }).click();
  await expect(team.getByRole("button", { name: "Take grace out of editors" })).toBeVisible();
  await check(page);

  // The dataset goes there, once its name is typed; the old address leads to it.
  await page.goto("/ada/bakery/settings");
  await check(page);
  await page.getByLabel("Who is to have it").fill("bakers");
  await page.getByLabel("The dataset’s name, to be sure").fill("bakry");
  await page.getByRole("button", { name: "Give it away" }).click();
  await expect(page.getByRole("alert")).toContainText("Type bakery to give it away.");
  await expect(page.getByLabel("Who is to have it")).toHaveValue("bakers");
  await page.getByLabel("The dataset’s name, to be sure").fill("bakery");
  await page.getByRole("button", { name: "Give it away" }).click();
  await expect(page).toHaveURL("/bakers/bakery");
  await page.goto("/ada/bakery/tables/products");
  await expect(page).toHaveURL("/bakers/bakery/tables/products");

  expect((await grace.goto("/bakers/bakery"))?.status()).toBe(404);
  await page.goto("/bakers/bakery/people");
  await page.getByLabel("Team", { exact: true }).selectOption("editors");
  await page.getByLabel("Role of the team").selectOption("writer");
  await page.getByRole("button", { name: "Give the team the role" }).click();
  await expect(page.getByRole("row", { name: /^team editors/ })).toContainText("writer");
  await check(page);

  // She edits and commits.
  await grace.goto("/bakers");
  await grace.getByRole("main").getByRole("link", { name: "bakery" }).click();
  await grace.goto("/bakers/bakery/tables/products/rows/A2");
  await grace.getByLabel("name").fill("Wheat loaf of Grace");
  await grace.getByRole("button", { name: "Save to your draft" }).click();
  await grace.goto("/bakers/bakery/draft");
  await grace.getByLabel("Message").fill("Rename a loaf");
  await grace.getByRole("button", { name: "Commit" }).click();
  await expect(grace.getByRole("heading", { level: 1, name: "Rename a loaf" })).toBeVisible();
  await grace.goto("/bakers");
  await expect(grace.getByRole("row", { name: /^grace/ })).toContainText("editors");
  await check(grace);
  await grace.getByRole("link", { name: "Membership" }).click();
  await check(grace);

  // It is offered to her, and is hers once she takes it.
  await page.goto("/bakers/bakery/settings");
  await page.getByLabel("Who is to have it").fill("grace");
  await page.getByLabel("The dataset’s name, to be sure").fill("bakery");
  await page.getByRole("button", { name: "Give it away" }).click();
  await expect(page.getByRole("button", { name: "Withdraw the offer" })).toBeVisible();
  await check(page);
  await grace.goto("/account/inbox");
  await expect(grace.getByRole("button", { name: "Take bakers/bakery" })).toBeVisible();
  await check(grace);
  await grace.goto("/account");
  await grace.getByLabel("About you").fill("Bakes.");
  await grace.getByRole("button", { name: "Save" }).click();
  await check(grace);
  await grace.getByRole("link", { name: "Your datasets" }).click();
  await expect(grace.getByText("Bakes.")).toBeVisible();
  await check(grace);
  // A name that cannot be is refused with what was typed.
  const offer = grace.getByRole("region", { name: "Offer of bakers/bakery" });
  await offer.getByLabel("Name with you").fill("The bakery");
  await offer.getByRole("button", { name: "Take bakers/bakery" }).click();
  await expect(grace.getByRole("alert")).toContainText("A name has 1 to 64 lower-case letters");
  await expect(offer.getByLabel("Name with you")).toHaveValue("The bakery");
  await check(grace);
  await offer.getByLabel("Name with you").fill("breads");
  await offer.getByRole("button", { name: "Take bakers/bakery" }).click();
  await expect(grace).toHaveURL("/grace/breads");
  // Who gave it away stays a maintainer of it.
  await page.goto("/bakers/bakery");
  await expect(page).toHaveURL("/grace/breads");
  await expect(page.getByRole("link", { name: "Settings" })).toBeVisible();

  // Archived, it is read and not edited, until it is unarchived.
  await grace.getByRole("link", { name: "Settings" }).click();
  await grace.getByRole("button", { name: "Archive" }).click();
  await expect(grace.getByRole("region", { name: "Archived" })).toBeVisible();
  await check(grace);
  await grace.goto("/grace/breads/tables/products/rows/A2");
  await expect(grace.getByRole("button", { name: "Save to your draft" })).toHaveCount(0);
  for (const path of ["branches", "requests", "requests/new", "tables/products/checks", "tables/products/columns"]) {
    await grace.goto(`/grace/breads/${path}`);
    await expect(grace.getByRole("region", { name: "Archived" })).toContainText("read only");
    await expect(grace.locator("main form[method=post]")).toHaveCount(0);
    await check(grace);
  }
  await grace.goto("/");
  await expect(grace.getByRole("row", { name: /breads/ })).toContainText("private");
  await expect(grace.getByRole("row", { name: /breads/ })).toContainText("archived");
  await check(grace);
  await grace.goto("/grace/breads/settings");
  await check(grace);
  await grace.getByRole("button", { name: "Unarchive" }).click();
  await expect(grace.getByRole("region", { name: "Archived" })).toHaveCount(0);
  await grace.goto("/grace/breads/tables/products/rows/A2");
  await expect(grace.getByRole("button", { name: "Save to your draft" })).toBeVisible();
});
