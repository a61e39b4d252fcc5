"""Conversations on the chat page: they stream, they survive a reload, they can be left, found again and stopped."""

from collections.abc import Callable
from itertools import pairwise

from playwright.sync_api import Route, expect

from fakes.page.chat_page import ChatPage

SLOW = "[demo:rate=45]"
QUICK = "[demo:rate=400]"

_RECORD_GROWTH = """() => {
  window.growth = [];
  new MutationObserver(() => {
    const length = document.querySelector('.answer .markdown')?.innerText.length ?? 0;
    if (length !== window.growth.at(-1)?.[0]) window.growth.push([length, performance.now()]);
  }).observe(document.querySelector('#thread'), {childList: true, characterData: true, subtree: true});
}"""


def test_tokens_appear_one_after_the_other(chat: ChatPage) -> None:
    chat.page.evaluate(_RECORD_GROWTH)
    answer = chat.ask("What is artificial intelligence? [demo:rate=60]")
    growth = chat.page.evaluate("window.growth")
    steps = [length for length, _ in growth]
    markup = 6  # marks such as ** are text until their counterpart comes
    assert all(later > earlier - markup for earlier, later in pairwise(steps))
    assert len(steps) > 20
    assert growth[-1][1] - growth[0][1] > 1000
    assert "Artificial intelligence" in answer


def test_a_second_turn_continues_the_conversation(chat: ChatPage) -> None:
    first = "What is artificial intelligence?"
    chat.ask(f"{first} {QUICK}")
    second = chat.ask(f"And how do I begin? {QUICK}")
    assert f"Earlier you asked: “{first}" in second
    expect(chat.prompts).to_have_text([f"{first} {QUICK}", f"And how do I begin? {QUICK}"])
    expect(chat.chats).to_have_count(1)
    expect(chat.page.get_by_role("heading", level=1)).to_contain_text(first)


def test_an_answer_says_which_model_wrote_it_and_what_it_used(chat: ChatPage) -> None:
    chat.ask(f"Hello {QUICK}")
    facts = chat.answers.locator(".facts")
    expect(facts).to_contain_text(chat.page.locator("#picker-value").inner_text())
    expect(facts).to_contain_text("tokens in,")
    chat.reload()
    expect(facts).to_contain_text("tokens in,")


def test_a_cached_answer_says_so_and_what_it_saved(chat: ChatPage) -> None:
    """Also after a reload, and its text comes as a live one's does."""
    first = chat.ask(f"What is a cached answer? {QUICK}")
    expect(chat.answers.locator(".facts")).not_to_contain_text("cached")
    chat.new_chat()
    second = chat.ask(f"What is a cached answer? {QUICK}")
    assert second == first
    facts = chat.answers.locator(".facts")
    expect(facts).to_contain_text("cached, saved $0.0")
    chat.reload()
    expect(facts).to_contain_text("cached, saved $0.0")


def test_a_reload_shows_the_history(chat: ChatPage) -> None:
    chat.ask(f"Write a Python function {QUICK}")
    chat.ask(f"List the steps in a table {QUICK}")
    before = [chat.answers.nth(at).locator(".markdown").inner_html() for at in range(2)]
    chat.reload()
    expect(chat.answers).to_have_count(2)
    after = [chat.answers.nth(at).locator(".markdown").inner_html() for at in range(2)]
    assert after == before
    expect(chat.prompts).to_have_count(2)


def test_reload_in_mid_answer_neither_repeats_nor_loses_text(chat: ChatPage) -> None:
    chat.send("How does streaming work? [demo:rate=15]")
    shown = chat.growing(0, more_than=60)
    chat.reload()
    expect(chat.answers).to_have_count(1)
    resumed = chat.growing(0)
    assert resumed.startswith(shown[:50])
    complete = chat.finished(0)
    chat.reload()
    expect(chat.answers).to_have_count(1)
    assert chat.finished(0) == complete
    assert complete.count("A streamed answer travels like this") == 1
    expect(chat.prompts).to_have_count(1)


def test_a_chat_that_was_left_is_written_on_and_found_again(chat: ChatPage) -> None:
    chat.send(f"What is artificial intelligence? {SLOW}")
    shown = chat.growing(0)
    left = chat.chat_id
    chat.new_chat()
    expect(chat.answers).to_have_count(0)
    expect(chat.button("Send")).to_be_visible()
    writing = chat.page.get_by_role("link", name="an answer is being written")
    expect(writing).to_be_visible()
    writing.click()
    assert chat.chat_id == left
    assert len(chat.growing(0, more_than=len(shown))) > len(shown)
    assert "Three ideas carry most of it today" in chat.finished(0)


def test_an_answer_that_ended_elsewhere_is_marked_until_it_is_seen(chat: ChatPage) -> None:
    chat.send("Hello [demo:rate=60]")
    chat.growing(0)
    chat.new_chat()
    unseen = chat.page.get_by_role("link", name="new answer")
    expect(unseen).to_be_visible(timeout=15_000)
    unseen.click()
    assert chat.finished(0)
    expect(unseen).to_have_count(0)


def test_following_can_be_stopped_and_taken_up_again(chat: ChatPage) -> None:
    chat.send(f"What is artificial intelligence? {SLOW}")
    chat.growing(0)
    chat.button("Stop following").click()
    expect(chat.answers).to_contain_text("Not following")
    chat.button("Follow again").click()
    text = chat.finished(0)
    chat.reload()
    assert chat.finished(0) == text
    assert "Three ideas" in text


def test_stop_ends_the_answer_and_keeps_what_was_written(chat: ChatPage) -> None:
    chat.send("What is artificial intelligence? [demo:rate=20 tokens=2000]")
    chat.growing(0)
    expect(chat.button("Send")).to_be_hidden()
    chat.button("Stop").click()
    text = chat.finished(0)
    expect(chat.answers.locator(".note")).to_have_text("You stopped this answer.")
    expect(chat.button("Send")).to_be_visible()
    assert text
    chat.reload()
    assert chat.finished(0) == text
    expect(chat.answers.locator(".note")).to_have_text("You stopped this answer.")


def test_a_new_chat_is_a_chat_of_its_own(chat: ChatPage) -> None:
    chat.ask(f"First {QUICK}")
    first = chat.chat_id
    chat.new_chat()
    expect(chat.prompts).to_have_count(0)
    answer = chat.ask(f"Second {QUICK}")
    assert "Earlier you asked" not in answer
    assert chat.chat_id != first
    expect(chat.chats).to_have_text([f"Second {QUICK}", f"First {QUICK}"])
    chat.chats.last.click()
    expect(chat.prompts).to_have_text([f"First {QUICK}"])


def test_a_suggestion_is_sent_with_a_click(chat: ChatPage) -> None:
    chat.button("/help").click()
    assert "/models" in chat.finished(0)
    expect(chat.answers.locator(".facts")).to_contain_text("command")


def test_a_second_tab_shows_the_same_answer(chat: ChatPage, open_page: Callable[..., ChatPage]) -> None:
    chat.send(f"How does streaming work? {SLOW}")
    chat.growing(0, more_than=20)
    chat.page.wait_for_function("Object.keys(localStorage).some(key => key.startsWith('chat-sse:run:'))")
    other = open_page(profile=chat, fragment=f"#/chat/{chat.chat_id}")
    assert other.finished(0) == chat.finished(0)


def test_a_long_history_is_shown_whole(chat: ChatPage) -> None:
    """It comes page by page; here with two messages in each."""

    def small_pages(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, body=response.text().replace("HISTORY_PAGE = 200", "HISTORY_PAGE = 2"))

    prompts = [f"{number} {QUICK}" for number in ("One", "Two", "Three")]
    for prompt in prompts:
        chat.ask(prompt)
    chat.new_chat()
    chat.ask(f"Another {QUICK}")
    chat.page.route("**/js/config.js", small_pages)
    with chat.page.expect_request("**/chat/history?limit=2&cursor=*"):
        chat.reload()
    expect(chat.chats).to_have_text([f"Another {QUICK}", prompts[0]])
    chat.chats.last.click()
    expect(chat.prompts).to_have_text(prompts)
    expect(chat.answers).to_have_count(3)
