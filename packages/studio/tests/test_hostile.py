"""A page elsewhere cannot drive the server; what is sent cannot run, grow or lead out."""

from __future__ import annotations

import asyncio
import io
import struct
import zipfile
import zlib

import httpx
import pytest
from PIL import Image, PngImagePlugin

from auface_studio.server.guard import MAX_BODY

HOST = "127.0.0.1:8511"
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>"
FACE = {"codes": "12C", "person": 0}


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "evil.example:8511"},
        {"host": "127.0.0.1"},
        {"host": "127.0.0.1:8512"},
        {"host": "127.0.0.1:8511.evil.example"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "https://127.0.0.1:8511"},
        {"origin": "http://127.0.0.1:8512"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_other_pages_are_refused(client, faces, headers):
    assert client.post("/api/face", json=FACE, headers=headers).status_code == 403
    get = {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"} | headers
    if "origin" not in headers:
        assert client.get("/api/person/1.png", headers=get).status_code == 403
    assert faces.drawn == []


def test_a_link_from_elsewhere_opens_the_page_and_only_that(client):
    link = {
        "sec-fetch-site": "cross-site",
        "sec-fetch-mode": "navigate",
        "sec-fetch-dest": "document",
    }
    client.headers.pop("origin")
    assert client.get("/", headers=link).status_code == 200
    assert client.get("/api/start", headers=link).status_code == 403
    framed = link | {"sec-fetch-dest": "iframe"}
    assert client.get("/", headers=framed).status_code == 403


def test_a_form_of_another_page_could_not_be_read_as_json(client):
    answer = client.post(
        "/api/face", content=b'{"codes": "12C"}', headers={"content-type": "text/plain"}
    )
    assert answer.status_code == 400


def test_a_hundred_megabytes_are_refused_before_they_arrive(page):
    """Neither the header is believed, nor is more read than is taken."""
    sent = 0

    async def flood():
        nonlocal sent
        for _ in range(100):
            sent += 1_000_000
            yield b"\0" * 1_000_000

    async def scenario(headers):
        transport = httpx.ASGITransport(app=page.app)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
            return await client.post("/api/read", content=flood(), headers=headers)

    assert asyncio.run(scenario({"content-length": "100000000"})).status_code == 413
    assert sent <= 1_000_000
    sent = 0
    assert asyncio.run(scenario({})).status_code == 413
    assert sent <= MAX_BODY + 2_000_000


def picture(**text: str) -> bytes:
    info = PngImagePlugin.PngInfo()
    for key, value in text.items():
        info.add_itxt(f"auface:{key}", value)
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, format="PNG", pnginfo=info)
    return out.getvalue()


def test_script_in_chunks_comes_out_as_text(client):
    found = client.post("/api/read", content=picture(text=SCRIPT, codes=SCRIPT))
    assert found.headers["content-type"] == "application/json"
    assert found.json()["chunks"]["text"] == SCRIPT
    assert found.headers["x-content-type-options"] == "nosniff"


def bomb() -> bytes:
    """A PNG that says it is 60,000 pixels a side."""
    data = b"\x89PNG\r\n\x1a\n"
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    for kind, body in ((b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")):
        data += struct.pack(">I", len(body)) + kind + body
        data += struct.pack(">I", zlib.crc32(kind + body))
    return data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a....",
        bomb(),
        b"<svg onload='alert(1)'/>",
        picture()[:45],
        b"\xff\xd8\xff\xe0" * 99,
    ],
    ids=["nothing", "gif", "bomb", "svg", "cut", "jpeg"],
)
def test_what_is_no_picture_is_refused_with_a_sentence(client, data):
    answer = client.post("/api/read", content=data)
    assert answer.status_code == 400
    assert "0x" not in answer.json()["error"]


@pytest.mark.parametrize(
    "path",
    ["/static/../errors.py", "/static/%2e%2e/errors.py", "/static/..%2ferrors.py",
     "/static/main.py", "/etc/passwd", "/api/person/-1.png", "/api/set/zip?path=/etc/passwd"],
)  # fmt: skip
def test_no_path_leads_out(client, path):
    assert client.get(path).status_code in (400, 404)


@pytest.mark.parametrize("body", ["[]", "12", "{", "null", '{"codes": NaN}', "[" * 100_000])
def test_broken_json_is_a_sentence(client, body):
    answer = client.post("/api/look", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_script_in_a_set_is_inert(client, page, tmp_path):
    """In names, titles and tables: nothing that a browser, PsychoPy or a spreadsheet would run."""
    design = {
        "title": SCRIPT,
        "people": [0],
        "table": f"name,codes\n=cmd()|A {SCRIPT},12C\n[1 2],4C",
    }
    planned = client.post("/api/set/plan", json={"design": design}).json()
    assert planned["count"] == 3
    assert client.post("/api/set/make", json={"design": design}).status_code == 200
    while client.get("/api/set/status").json()["state"] == "making":
        pass
    status = client.get("/api/set/status").json()
    assert status["state"] == "made", status
    folder = tmp_path / "sets" / "script-alert-1-script-img-src-x-onerror-alert-2"
    assert "<" not in (folder / "jspsych.js").read_text("utf-8")
    assert ",=cmd" not in (folder / "conditions.csv").read_text("utf-8")
    assert ",[1" not in (folder / "conditions.csv").read_text("utf-8")
    data = client.get("/api/set/zip").content
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        for name in file.namelist():
            assert name.startswith(folder.name + "/")
            assert ".." not in name
            assert "<" not in name
            assert all(c.isalnum() or c in "-_./" for c in name), name


@pytest.mark.parametrize(
    "change",
    [
        {"title": "../../../tmp/evil"},
        {"title": "/etc/cron.d/x"},
        {"title": "..\\..\\evil"},
        {"title": "."},
    ],
)
def test_a_title_does_not_lead_out_of_the_folder(client, tmp_path, change):
    design = {"people": [0], "coding": [{"codes": "12C"}]} | change
    status = client.post("/api/set/make", json={"design": design}).json()
    assert status["folder"].startswith(str(tmp_path / "sets"))
    client.post("/api/set/stop", json={})


@pytest.mark.parametrize(
    "design",
    [
        None, [], {}, {"people": []}, {"people": [99], "coding": [{"codes": "12C"}]},
        {"people": [0], "coding": "x"}, {"people": [0], "coding": [{"codes": "12C", "path": "/"}]},
        {"people": [0], "coding": [{"name": "a", "codes": "12C"}, {"name": "a", "codes": "4C"}]},
        {"people": list(range(9000)), "coding": [{"codes": f"{k}C"} for k in (1, 2, 4)]},
        {"people": [0], "table": 5}, {"people": [True], "coding": [{"codes": "12C"}]},
        {"people": [0], "coding": [{"codes": "12C"}], "dynamics": {"onset": 10**9}},
        {"people": [0], "coding": [{"codes": "12C"}], "title": "a\nb"},
        {"people": [0], "coding": [{"codes": "12C"}], "levels": ["F"]},
        {"people": [0], "coding": [{"text": "purple bananas sing"}]},
    ],
)  # fmt: skip
def test_wrong_designs_are_refused_with_a_sentence(client, design):
    answer = client.post("/api/set/plan", json={"design": design})
    assert answer.status_code == 400
    assert answer.json()["error"]
