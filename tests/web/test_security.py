"""Who may ask: names of the host, origins, the token, and names that lead nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the extra `web` is not installed")

from asking import ORIGIN, Client
from synthetic_case import make_case

from ifssnet.core.errors import InputError
from ifssnet.web.app import create_app
from ifssnet.web.cases.places import case_folder, checked_name, file_in
from ifssnet.web.security import Access, access_for, is_local


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cases")
    make_case(folder)
    (folder.parent / "outside.txt").write_text("secret", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def local(root: Path) -> Iterator[Client]:
    with Client(create_app(root, access_for("127.0.0.1"))) as client:
        yield client


def test_another_name_of_the_host_is_refused(local: Client) -> None:
    assert local.get("/api/folder").status == 200
    assert local.get("/api/folder", host="evil.example:8765").status == 421
    assert local.get("/", host="evil.example").status == 421
    assert local.get("/api/folder", host="[::1]:8765", origin=None).status == 200


def test_another_origin_is_refused(local: Client) -> None:
    wish = {"tab": "t", "by": "x", "wish": {"kind": "seen", "slices": [1]}}
    assert local.post("/api/cases/leg/events", wish, origin="http://evil.example").status == 403
    assert local.post("/api/cases/leg/events", wish, origin=None).status == 403
    assert local.post("/api/cases/leg/events", wish, origin="null").status == 403
    assert local.get("/api/folder", origin="http://evil.example").status == 403
    assert local.get("/api/folder", origin=None, fetch_site="cross-site").status == 403
    assert local.post("/api/cases/leg/events", wish, origin=ORIGIN).status == 200


def test_every_answer_says_what_a_page_may_load(local: Client) -> None:
    for path in ("/", "/api/folder", "/nothing-here"):
        policy = local.get(path).headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy


def test_the_page_itself_has_no_inline_script(local: Client) -> None:
    html = local.get("/").body.decode()
    assert "<script" in html
    assert all("src=" in part.split(">")[0] for part in html.split("<script")[1:])
    assert "onload" not in html


PATHS = ["%2e%2e", "..%2f..%2fetc", "%2fetc", ".hidden", "leg%00", "leg%2f..%2f..", "a" * 200, "leg%5c.."]


@pytest.mark.parametrize("name", PATHS)
def test_a_name_that_is_a_path_is_refused(local: Client, name: str) -> None:
    for path in (f"/api/cases/{name}", f"/api/cases/leg/exports/{name}", f"/assets/{name}"):
        answer = local.get(path)
        assert answer.status in (400, 404), path
        assert b"root:" not in answer.body
        assert b"secret" not in answer.body


@pytest.mark.posix
def test_links_that_lead_out_are_refused(root: Path) -> None:
    (root / "away").symlink_to(root.parent)
    (root / "leg" / "exports").mkdir(exist_ok=True)
    (root / "leg" / "exports" / "away.txt").symlink_to(root.parent / "outside.txt")
    (root / "leg" / "exports" / "here.txt").write_text("here", encoding="utf-8")
    with pytest.raises(InputError, match="a case in the served folder"):
        case_folder(root, "away")
    with pytest.raises(InputError, match="a file of exports"):
        file_in(root / "leg" / "exports", "away.txt")
    assert file_in(root / "leg" / "exports", "here.txt").read_text(encoding="utf-8") == "here"
    (root / "away").unlink()


@pytest.mark.parametrize("name", ["Müller links (2)", "leg-1_r2.nii", "L1", "A+B"])
def test_usual_names_pass(name: str) -> None:
    assert checked_name(name) == name


@pytest.mark.parametrize("name", ["", ".", "a/b", "a\\b", "a\n", "-rf", "leg.", "leg ", "c:", "x" * 101])
def test_unusual_names_do_not_pass(name: str) -> None:
    with pytest.raises(InputError):
        checked_name(name)


def test_only_this_computer_needs_no_token() -> None:
    assert access_for("127.0.0.1").token == ""
    assert access_for("::1").token == ""
    assert len(access_for("192.168.1.5").token) > 30
    assert access_for("192.168.1.5").token != access_for("192.168.1.5").token
    assert is_local("localhost")
    assert not is_local("0.0.0.0")
    with pytest.raises(InputError, match="--name"):
        access_for("0.0.0.0")
    assert "lab.example" in access_for("0.0.0.0", ["Lab.example"]).names


def test_a_name_given_for_a_proxy_asks_for_the_token_as_well() -> None:
    assert access_for("127.0.0.1", ["lab.example"]).token


def test_the_token_becomes_a_cookie_that_other_sites_cannot_send(root: Path) -> None:
    with Client(create_app(root, Access(frozenset({"127.0.0.1"}), "right"))) as client:
        assert client.get("/api/folder").status == 401
        assert client.get("/").status == 200
        assert client.get("/api/folder", cookie="ifssnet=wrong").status == 401
        assert client.post("/api/login", {"token": "wrong"}).status == 401
        answer = client.post("/api/login", {"token": "right"})
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "samesite=strict" in cookie.lower()
        assert client.get("/api/folder", cookie=cookie.split(";")[0]).status == 200


def test_the_token_is_not_shown_by_accident() -> None:
    assert "geheim" not in repr(Access(frozenset(), "geheim"))
