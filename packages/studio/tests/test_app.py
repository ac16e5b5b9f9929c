"""The server: pictures, latest wins, what is seen, pictures and tables that are read."""

from __future__ import annotations

import asyncio
import io
import threading

import httpx
import numpy as np
import pytest
from PIL import Image

from auface_studio.errors import StudioError
from auface_studio.face import Stopped
from auface_studio.picture import chunks, open_picture
from auface_studio.server import app
from auface_studio.server.app import Studio

HOST = "127.0.0.1:8511"
FINE = {"codes": "12C", "person": 0}
MOVE = {"codes": "4D", "person": 0, "draft": True}


def test_the_page_asks_for_nothing_elsewhere(client):
    html = client.get("/").text
    assert "http://" not in html
    assert "https://" not in html
    for name in ("main.js", "studio.css", "sliders.js", "study.js", "mark.svg"):
        answer = client.get(f"/static/{name}")
        assert answer.status_code == 200
        outside = answer.text.replace("http://www.w3.org/2000/svg", "")
        assert "http:" not in outside
        assert "https:" not in outside
    assert "default-src 'none'" in client.get("/").headers["content-security-policy"]
    assert "unsafe" not in client.get("/").headers["content-security-policy"]


def test_what_the_page_needs_at_first(client):
    start = client.get("/api/start").json()
    assert start["people"] == 5
    assert set(start["versions"]) == {"auface-studio", "auface-gen", "aaad", "facs-text"}


def test_a_picture_says_what_made_it(client):
    answer = client.post("/api/face", json={"codes": "6C+12D", "person": 2, "seed": 7})
    assert answer.headers["content-type"] == "image/png"
    said = chunks(answer.content)
    assert (said["codes"], said["person"], said["seed"]) == ("6C+12D", "2", "7")
    with Image.open(io.BytesIO(answer.content)) as image:
        assert "trainedAlgorithmicMedia" in image.info["XML:com.adobe.xmp"]


def test_sliders_ask_for_pictures_without_codes(client, faces):
    client.post("/api/face", json={"actions": [["12", "left", 3, False]], "person": 0})
    assert faces.drawn == [("L12C", 0)]


def test_people_of_the_gallery(client):
    assert client.get("/api/person/4.png").headers["content-type"] == "image/png"
    assert client.get("/api/person/5.png").status_code == 400


def test_what_the_detector_sees_stands_beside_what_was_asked(client):
    seen = client.post("/api/seen", json={"codes": "12C", "person": 0}).json()
    assert seen["rows"][0] == {
        "unit": "AU12", "side": "left", "chances": [0, 0, 0, 1, 0, 0], "level": 3, "asked": 3.0,
    }  # fmt: skip
    assert seen["distance"] == 0


def test_a_portrait_becomes_the_person(client, faces, png):
    said = client.post("/api/portrait", content=png).json()
    assert "middle square" in said["note"]  # it is of one colour: there is no face
    name = said["portrait"]
    assert client.post("/api/face", json={"codes": "12C", "portrait": name}).status_code == 200
    assert faces.drawn[-1][1].picture.size == (faces.size, faces.size)
    assert client.post("/api/portrait", content=b"no picture").status_code == 400
    gone = client.post("/api/face", json={"codes": "12C", "portrait": "0" * 16})
    assert gone.status_code == 400


@pytest.fixture
def portrait(client, png, monkeypatch):
    """The name of a portrait that was sent, without a network's look at it."""
    monkeypatch.setattr(app, "crop_portrait", lambda picture, size: (picture, ""))
    monkeypatch.setattr(app, "rest_note", lambda crop, note: note)
    return client.post("/api/portrait", content=png).json()["portrait"]


def test_what_a_portrait_shows_already_reaches_the_painter(client, faces, portrait):
    asked = {"codes": "4D", "portrait": portrait}
    for shows, reaches in (("", ""), (" 6C+12D ", "6C+12D"), ("She smiles.", "She smiles.")):
        assert client.post("/api/face", json=asked | {"shows": shows}).status_code == 200
        assert faces.drawn[-1][1].shows == reaches
    understood = client.post("/api/shows", json={"shows": "She smiles. Bananas sing."}).json()
    assert "12" in understood["codes"]
    assert understood["unread"] == ["Bananas sing"]
    assert client.post("/api/shows", json={"shows": " "}).json() == {"codes": "", "unread": []}


@pytest.mark.parametrize(
    ("shows", "part"),
    [
        ("12Q", "position 2"),
        ("purple bananas", "no facial action was understood in 'purple bananas'"),
        (12, "text, not int"),
        ("12C+" * 9000, "characters"),
    ],
)
def test_what_it_shows_in_bad_codes_is_told_in_one_line(client, faces, portrait, shows, part):
    for path in ("/api/shows", "/api/face"):
        answer = client.post(path, json={"codes": "4D", "portrait": portrait, "shows": shows})
        assert answer.status_code == 400
        assert part in answer.json()["error"]
        assert "\n" not in answer.json()["error"]
    assert faces.drawn == []


def test_what_is_said_of_no_portrait_is_refused(client):
    answer = client.post("/api/face", json={"codes": "4D", "person": 0, "shows": "12D"})
    assert answer.status_code == 400
    assert "give portrait" in answer.json()["error"]


def test_a_photograph_becomes_units_codes_and_words(client, png):
    found = client.post("/api/read", content=png).json()
    assert found["look"]["codes"] == "12C"
    assert found["by"] == "tiny-eyes"
    assert found["rows"][0]["chances"][3] == 1.0
    assert "corner" in found["look"]["text"].lower()


def test_a_table_becomes_codings(client):
    table = b"frame,AU06_r,AU12_r,success,confidence\n1,2.0,3.0,1,0.99\n2,0,4.0,1,0.98\n"
    rows = client.post("/api/table?name=openface.csv", content=table).json()["rows"]
    assert [row["codes"] for row in rows] == ["6B+12C", "12D"]
    for name, data in (("x.csv", b"\xff\xfe\x00"), ("x.exe", table), ("x.json", b"[[[[")):
        answer = client.post("/api/table", params={"name": name}, content=data)
        assert answer.status_code == 400
        assert answer.json()["error"]


def test_without_a_detector_it_says_so(faces, browse, tmp_path):
    client = browse(Studio(faces, None, [HOST], out=tmp_path).app)
    answer = client.post("/api/seen", json={"codes": "12C", "person": 0})
    assert answer.status_code == 400
    assert "detector" in answer.json()["error"]


async def together(page, requests):
    """Many requests in flight on one server; their answers in order."""
    transport = httpx.ASGITransport(app=page.app)
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
        return await asyncio.gather(*(client.post("/api/face", json=r) for r in requests))


def test_twenty_requests_of_one_tab_draw_little_more_than_the_last(page, faces):
    """Those that wait when a newer one comes are answered at once and never drawn."""
    faces.before = lambda: threading.Event().wait(0.05)
    asked = [
        {"codes": f"12{'ABCDE'[k % 5]}", "person": k % 5, "tab": "a", "draft": True}
        for k in range(20)
    ]
    answers = asyncio.run(together(page, asked))
    codes = [a.status_code for a in answers]
    assert codes[-1] == 200
    assert codes.count(200) == len(faces.drawn) <= 2
    assert codes.count(409) == 20 - len(faces.drawn)
    assert chunks(answers[-1].content)["person"] == str(asked[-1]["person"])


def test_two_tabs_do_not_take_each_others_pictures(page, faces):
    asked = [{"codes": "12C", "person": 1, "tab": "a", "draft": True},
             {"codes": "4D", "person": 2, "tab": "b", "draft": True}]  # fmt: skip
    one, two = asyncio.run(together(page, asked))
    assert chunks(one.content)["codes"] == "12C"
    assert chunks(two.content)["codes"] == "4D"


def test_twenty_requests_without_a_tab_are_all_answered(page, faces):
    answers = asyncio.run(together(page, [{"codes": "12C", "person": k % 5} for k in range(20)]))
    assert {a.status_code for a in answers} == {200}


def test_a_full_server_says_so(page, faces):
    page.lane.limit = 3
    faces.before = lambda: threading.Event().wait(0.05)
    answers = asyncio.run(together(page, [{"codes": "12C", "person": 0}] * 12))
    assert {a.status_code for a in answers} == {200, 503}
    assert "try again" in next(a for a in answers if a.status_code == 503).json()["error"]


def test_a_client_that_vanishes_costs_nothing(page, faces):
    """It hangs up while its wish waits: the wish is not drawn, and the next one is."""
    gate = threading.Event()

    async def scenario():
        transport = httpx.ASGITransport(app=page.app)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
            first = asyncio.create_task(
                client.post("/api/face", json={"codes": "12C", "person": 0, "draft": True})
            )
            while not faces.asked:
                await asyncio.sleep(0.001)
            gone = asyncio.create_task(
                client.post("/api/face", json={"codes": "4D", "person": 0, "draft": True})
            )
            while page.lane.waiting < 1:
                await asyncio.sleep(0.001)
            gone.cancel()
            with pytest.raises(asyncio.CancelledError):
                await gone
            gate.set()
            return await first, await client.post("/api/face", json={"codes": "9B", "person": 0})

    faces.asked = []

    def before():
        faces.asked.append(True)
        gate.wait(5)

    faces.before = before
    first, after = asyncio.run(scenario())
    assert (first.status_code, after.status_code) == (200, 200)
    assert [codes for codes, _ in faces.drawn] == ["12C", "9B"]


def test_a_finished_picture_gives_way_to_the_next_move(page, faces):
    """A refinement of the same tab that is being drawn is told to stop."""
    stopped = []
    real = faces.draw

    def draw(coding, *, person, seed=0, draft=False, stop=None):
        if not draft:
            for _ in range(2000):
                if stop():
                    stopped.append(str(coding))
                    raise Stopped("a newer wish came")
                threading.Event().wait(0.005)
        return real(coding, person=person, seed=seed, draft=draft)

    faces.draw = draw

    async def scenario():
        transport = httpx.ASGITransport(app=page.app)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
            fine = asyncio.create_task(
                client.post("/api/face", json={"codes": "12C", "person": 0, "tab": "a"})
            )
            while page.lane._now is None:
                await asyncio.sleep(0.001)
            move = await client.post(
                "/api/face", json={"codes": "12D", "person": 0, "tab": "a", "draft": True}
            )
            return await fine, move

    fine, move = asyncio.run(scenario())
    assert (fine.status_code, move.status_code) == (409, 200)
    assert stopped == ["12C"]


def test_another_tabs_move_goes_first_and_the_finished_picture_after_it(page, faces):
    """The finished picture that was begun gives way, and is drawn all the same."""
    real, begun = faces.draw, []

    def draw(coding, *, person, seed=0, draft=False, stop=None):
        if not draft and not begun:
            begun.append(True)
            while not stop():
                threading.Event().wait(0.005)
            raise Stopped("a newer wish came")
        return real(coding, person=person, seed=seed, draft=draft)

    faces.draw = draw

    async def scenario():
        transport = httpx.ASGITransport(app=page.app)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
            fine = asyncio.create_task(client.post("/api/face", json=FINE | {"tab": "a"}))
            while not begun:
                await asyncio.sleep(0.001)
            move = await client.post("/api/face", json=MOVE | {"tab": "b"})
            return await fine, move

    fine, move = asyncio.run(scenario())
    assert (fine.status_code, move.status_code) == (200, 200)
    assert [codes for codes, _ in faces.drawn] == ["4D", "12C"]


def test_a_picture_sent_is_read_as_everywhere_else():
    """16 bits of grey become 8, and an animation is refused, as by every command."""
    deep = np.linspace(0, 65535, 64, dtype=np.uint16).reshape(8, 8)
    shown = np.asarray(open_picture(saved(Image.fromarray(deep), "PNG")))
    assert shown.shape == (8, 8, 3)
    assert (shown[..., 0] == (deep.astype(int) + 128) // 257).all()
    red = Image.new("RGB", (8, 8), "red")
    moving = saved(Image.new("RGB", (8, 8)), "WEBP", save_all=True, append_images=[red])
    with pytest.raises(StudioError, match="animation of 2"):
        open_picture(moving)


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()
