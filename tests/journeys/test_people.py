"""People come, prove themselves and leave; a vendor account moves under everybody's feet."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from accounts.demo_people import PASSWORD
from tests.journeys.conftest import Desk, check_page, sign_in


def give_device(page: Page) -> None:
    """Give the page's browser a device for passkeys whose owner always agrees; it goes with the page."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable", {"enableUI": False})
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def enter(page: Page, url: str, username: str) -> None:
    page.goto(f"{url}/accounts/login/")
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_a_passkey_is_made_asked_for_and_removed(page: Page, desk: Desk) -> None:
    by_name = desk.url.replace("127.0.0.1", "localhost")  # browsers make passkeys for names alone
    heading = page.get_by_role("heading", level=1)
    enter(page, by_name, "maria")
    expect(heading).to_contain_text("audit history is yours to read")
    page.goto(f"{by_name}/account/")
    give_device(page)  # once the page is at its place: another host is another process of the browser
    expect(heading).to_contain_text("Your password alone opens this account.")
    check_page(page, "own-account")
    page.get_by_role("link", name="Add one").click()
    expect(heading).to_contain_text("Add an authenticator app.")
    check_page(page, "second-factor-app")
    page.get_by_role("link", name="Not now").click()
    page.get_by_role("link", name="Add a passkey").click()
    check_page(page, "passkey-add")
    page.get_by_label("What you call it").fill("This laptop")
    page.get_by_role("button", name="Make the passkey").click()
    expect(heading).to_contain_text("recovery codes are left")
    check_page(page, "recovery-codes")
    page.get_by_role("link", name="Your account").first.click()
    expect(heading).to_contain_text("You sign in with two factors.")
    expect(page.locator("#factors")).to_contain_text("This laptop")
    check_page(page, "own-account-two-factors")

    page.get_by_role("button", name="Sign out", exact=True).click()
    enter(page, by_name, "maria")
    expect(heading).to_contain_text("One more proof")
    check_page(page, "second-factor-asked")
    page.get_by_role("button", name="Use a passkey").click()
    expect(heading).to_contain_text("audit history is yours to read")

    page.goto(f"{by_name}/account/")
    page.locator("#factors").get_by_role("link", name="Remove").click()
    check_page(page, "passkey-remove")
    page.get_by_role("button", name="Remove it").click()
    expect(heading).to_contain_text("You have no passkey.")


def test_a_colleague_comes_and_leaves(page: Page, desk: Desk) -> None:
    sign_in(page, "karin")
    page.goto("/admin/accounts/user/add/")
    expect(page.get_by_label("User name")).to_be_focused()
    check_page(page, "person-add")
    page.get_by_label("User name").fill("siv")
    page.get_by_label("E-mail address").fill("siv@example.com")
    page.get_by_label("First name").fill("Siv")
    page.get_by_label("Password", exact=True).fill("quite-a-long-word-9")
    page.get_by_label("Password once more").fill("quite-a-long-word-9")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".notes")).to_contain_text("was added successfully")
    page.get_by_role("link", name="Deactivate…").click()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("Close the account of Siv?")
    check_page(page, "person-deactivate")
    page.get_by_role("button", name="Close the account").click()
    expect(page.locator(".notes")).to_contain_text("The account of Siv is closed.")
    page.get_by_role("link", name="Let them in again…").click()
    expect(heading).to_contain_text("is closed")
    check_page(page, "person-closed")

    # Of somebody with segments and keys, the page says what would happen; it is left at that.
    page.goto("/admin/accounts/user/")
    page.get_by_role("link", name="jonas").click()
    page.get_by_role("link", name="Deactivate…").click()
    page.get_by_role("button", name="Close the account").click()
    expect(page.locator(".trouble")).to_be_focused()
    expect(page.locator(".errs")).to_contain_text("Choose who takes them over")
    check_page(page, "person-deactivate-no-heir")
    page.get_by_role("link", name="Leave it open").click()


def test_an_account_is_not_moved_in_passing(page: Page, desk: Desk) -> None:
    sign_in(page, "karin")
    page.goto("/admin/accounts/vendoraccount/")
    page.get_by_role("link", name="Nordlys Handel").click()
    page.get_by_role("link", name="Move…").click()
    check_page(page, "account-move")
    page.get_by_label("Where").select_option("eu")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("keys are erased")
    check_page(page, "account-move-confirm")
    page.get_by_role("link", name="Leave it there").click()
    expect(page.locator(".facts")).to_contain_text("127.0.0.1")


def test_a_key_of_another_account_is_noticed(page: Page, desk: Desk) -> None:
    sign_in(page, "anna")
    page.get_by_role("link", name="Credentials").click()
    page.locator("main").get_by_role("link", name="Replace").first.click()
    page.get_by_label("Client ID").fill("demo-ingrid")
    page.get_by_label("Client secret").fill("demo-ingrid-secret")
    page.get_by_role("button", name="Test and keep").click()
    expect(page.locator(".errs")).to_contain_text("This key belongs to another APSIS account")
    check_page(page, "credential-of-another-account")
