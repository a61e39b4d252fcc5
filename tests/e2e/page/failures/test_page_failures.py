"""What goes wrong is said in sentences, nothing typed is lost, and there is a way on."""

from collections.abc import Callable
from urllib.parse import urlencode

from playwright.sync_api import Route, expect

from fakes.page.chat_page import ChatPage
from fakes.page.routes import START, Answers

QUICK = "[demo:rate=400]"
FAILS_ONCE = "Hello from {} [demo:status=500 times=3 rate=400]"
"""The service itself asks a failing provider three times. The demo provider counts the calls with this very text."""


def test_a_failing_provider_is_a_sentence_and_trying_again_helps(chat: ChatPage) -> None:
    chat.watch.refusals_expected = True
    chat.send(FAILS_ONCE.format(chat.user))
    note = chat.answers.first.locator(".note.failed")
    expect(note).to_be_visible(timeout=20_000)
    assert note.inner_text().endswith(".")
    chat.button("Try again").click()
    expect(note).to_have_count(0)
    assert chat.finished(chat.answers.count() - 1)
    expect(chat.button("Try again")).to_have_count(0)


def test_an_answer_that_breaks_off_is_kept_with_its_reason(chat: ChatPage) -> None:
    chat.send("What is artificial intelligence? [demo:die-after=30 rate=100]")
    expect(chat.answers.locator(".note.failed")).to_be_visible(timeout=20_000)
    text = chat.text(0)
    assert text.startswith("Artificial intelligence")
    expect(chat.button("Try again")).to_be_visible()
    chat.reload()
    assert chat.finished(0) == text
    expect(chat.answers.locator(".note.failed")).to_be_visible()


def test_a_prompt_without_an_answer_can_be_sent_again(chat: ChatPage) -> None:
    """The browser that saw the failure knows the provider, even after a reload."""
    chat.watch.refusals_expected = True
    chat.send(FAILS_ONCE.format(chat.user))
    note = chat.answers.locator(".note.failed")
    expect(note).to_be_visible(timeout=20_000)
    reason = note.inner_text()
    chat.reload()
    expect(note).to_have_text(reason)
    chat.button("Try again").click()
    expect(note).to_have_count(0)
    assert chat.finished(0)


def test_a_prompt_that_was_refused_goes_back_into_the_box(chat: ChatPage) -> None:
    """The tier is taken away elsewhere, while the page still offers its models."""
    chat.page.locator("#picker-button").click()
    chat.page.get_by_role("option").and_(chat.page.locator("[data-model=claude-sonnet-5]")).click()
    query = urlencode({"user": chat.user, "tier": "BASIC"})
    assert chat.page.request.get(f"{chat.address}/local/token?{query}").ok
    chat.watch.refusals_expected = True
    chat.send("Only for some")
    expect(chat.alert).to_contain_text("BASIC")
    expect(chat.box).to_have_value("Only for some")
    expect(chat.prompts).to_have_count(0)
    chat.button("Dismiss").click()
    expect(chat.alert).to_be_hidden()


def test_without_a_connection_nothing_typed_is_lost(chat: ChatPage) -> None:
    """Sent again it has the same key: it may have arrived the first time."""
    chat.watch.refusals_expected = True
    starts = Answers(chat.page, START, [])
    chat.page.context.set_offline(True)
    chat.send(f"Are you there? {QUICK}")
    expect(chat.alert).to_contain_text("You are offline. Check the connection", timeout=10_000)
    expect(chat.box).to_have_value(f"Are you there? {QUICK}")
    chat.page.context.set_offline(False)
    chat.box.press("Enter")
    assert chat.finished(0)
    expect(chat.prompts).to_have_count(1)
    expect(chat.alert).to_be_hidden()
    assert len(starts.keys) == 4
    assert len(set(starts.keys)) == 1


def test_an_unknown_chat_is_a_sentence(chat: ChatPage) -> None:
    chat.watch.refusals_expected = True
    chat.page.goto(f"{chat.address}/#/chat/nowhere")
    expect(chat.page.get_by_role("heading", name="This chat cannot be shown")).to_be_visible()
    chat.page.get_by_role("main").get_by_role("link", name="New chat").click()
    expect(chat.page.get_by_role("heading", name="What would you like to know?")).to_be_visible()
    assert chat.ask(f"Hello {QUICK}")


def test_another_users_chat_is_unknown(chat: ChatPage) -> None:
    chat.ask(f"My secret {QUICK}")
    chat.page.locator("#account-button").click()
    chat.page.get_by_label("Name").fill(f"{chat.user}-other")
    chat.button("Continue").click()
    expect(chat.page.locator(".account-name")).to_have_text(f"{chat.user}-other")
    expect(chat.chats).to_have_count(0)
    expect(chat.prompts).to_have_count(0)


def test_a_name_that_cannot_be_used_is_a_sentence(chat: ChatPage) -> None:
    chat.watch.refusals_expected = True
    chat.page.locator("#account-button").click()
    chat.page.get_by_label("Name").fill("a\u200bb")
    chat.button("Continue").click()
    expect(chat.page.locator("#account-error")).to_contain_text("printable characters.")
    chat.button("Cancel").click()
    expect(chat.page.locator(".account-name")).to_have_text(chat.user)


def test_a_kept_text_that_does_not_fit_its_id_is_not_trusted(
    open_page: Callable[..., ChatPage], chat: ChatPage
) -> None:
    """The page asks for the whole answer again."""
    chat.send("How does streaming work? [demo:rate=25]")
    chat.growing(0, more_than=20)
    chat.page.wait_for_function("Object.keys(localStorage).some(key => key.startsWith('chat-sse:run:'))")
    other = open_page(profile=chat)
    other.page.evaluate(
        """() => {
          const key = Object.keys(localStorage).find((name) => name.startsWith('chat-sse:run:'));
          const kept = JSON.parse(localStorage.getItem(key));
          localStorage.setItem(key, JSON.stringify({...kept, lastEventId: 40, text: 'x'}));
        }"""
    )
    other.reload()
    other.page.goto(f"{chat.address}/#/chat/{chat.chat_id}")
    assert other.finished(0) == chat.finished(0)


def test_text_that_was_missed_comes_from_the_history(chat: ChatPage) -> None:
    """A stream that lost one of its token events on the way: the ids tell."""

    def lose_an_event(route: Route) -> None:
        response = route.fetch()
        events = response.text().split("\n\n")
        tokens = [event for event in events if '"type":"token"' in event]
        events.remove(tokens[len(tokens) // 2])
        route.fulfill(response=response, body="\n\n".join(events))

    chat.page.route("**/chat/stream?*", lose_an_event)
    chat.ask(f"What is artificial intelligence? {QUICK}")
    whole = (
        "Artificial intelligence is the craft of building systems that do things we would call intelligent in a person"
    )
    expect(chat.answers).to_contain_text(whole)
    expect(chat.answers).to_contain_text("a confident guess does harm.")
    stored = chat.page.context.new_page()
    stored.goto(chat.page.url)
    whole = stored.locator(".answer .markdown").inner_text()
    expect(chat.answers.locator(".markdown")).to_have_text(whole, use_inner_text=True)
