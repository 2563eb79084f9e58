"""A test double of a FHIR R4 server: a process of its own that follows the published protocol, and fails as it is told.

It is no real server: search with paging (FHIR R4, "search"), OAuth 2.0 client credentials (RFC 6749) and Bulk Data
Access (HL7 IG 2.0.0) as far as a client sees them. `python fhir_server_double.py PLAN LOG`: PLAN is JSON, LOG gets a
line per request; the port stands in the first line of standard output.
"""

from __future__ import annotations

import base64
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Resource = dict[str, Any]


class Double(BaseHTTPRequestHandler):
    """The plan: `resources`, `page` (size), `faults` (`at` a link, `times`, `status`, `headers`, `body`), `uses` of a
    token, `unchanged` types that no export has, `polls` of an export until it is done, `native`: a Binary is given as
    its content. `{BASE}` in what is sent becomes the address of the double."""

    protocol_version = "HTTP/1.1"
    plan: dict[str, Any]
    log: Path
    tokens: dict[str, int]
    polled = 0

    def do_GET(self) -> None:
        self.answer({})

    def do_DELETE(self) -> None:
        self.answer({})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.answer(dict(parse_qsl(body)))

    def answer(self, form: dict[str, str]) -> None:
        parts = urlsplit(self.path)
        params = dict(parse_qsl(parts.query)) | form
        with self.log.open("a", encoding="utf-8") as log:
            log.write(json.dumps([self.command, parts.path, params, self.headers.get("Authorization")]) + "\n")
        if parts.path == "/token":
            self.give_token()
        elif not self.is_let_in():
            self.send(401, outcome("login"))
        elif not self.fails(parts.path, params):
            self.give(parts.path.removeprefix("/fhir/"), params)

    def give_token(self) -> None:
        wanted = "Basic " + base64.b64encode(b"program:synthetic-secret").decode()
        if self.headers.get("Authorization") != wanted:
            self.send(401, {"error": "invalid_client"})
            return
        token = f"token-{len(self.tokens)}"
        self.tokens[token] = self.plan["uses"]
        self.send(200, {"access_token": token, "token_type": "Bearer", "expires_in": 3600})

    def is_let_in(self) -> bool:
        if "uses" not in self.plan:
            return True
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        self.tokens[token] = self.tokens.get(token, 0) - 1
        return self.tokens[token] >= 0

    def fails(self, path: str, params: dict[str, str]) -> bool:
        for fault in self.plan.get("faults", []):
            here = path.endswith(fault["at"]) and params.get("from", "0") == str(fault.get("from", 0))
            if here and fault["times"] > 0:
                fault["times"] -= 1
                self.send(fault["status"], fault.get("body", outcome("exception")), fault.get("headers", {}))
                return True
        return False

    def give(self, path: str, params: dict[str, str]) -> None:
        kind = path.split("/")[0]
        if path == "metadata":
            self.send(200, self.capabilities())
        elif path.endswith("$export"):
            self.send(202, {}, {"Content-Location": f"{self.base()}/job/1"})
        elif path == "job/1":
            self.give_job()
        elif kind == "file":
            self.give_file(path.split("/")[1])
        elif kind == "Group":
            self.send(200, next(one for one in self.plan["resources"] if one["id"] == path.split("/")[1]))
        elif kind == "Binary":
            self.give_binary(path.split("/")[1])
        else:
            self.give_page(kind, params)

    def capabilities(self) -> Resource:
        kinds = sorted({one["resourceType"] for one in self.plan["resources"]} | set(self.plan.get("kinds", [])))
        listed = [{"type": kind, "interaction": [{"code": "search-type"}]} for kind in kinds]
        return {
            "resourceType": "CapabilityStatement",
            "fhirVersion": self.plan.get("version", "4.0.1"),
            "rest": [{"mode": "server", "resource": listed}],
        }

    def give_page(self, kind: str, params: dict[str, str]) -> None:
        found = [one for one in self.plan["resources"] if one["resourceType"] == kind and fits(one, params)]
        begin, size = int(params.get("from", 0)), self.plan.get("page", 2)
        bundle = {
            "resourceType": "Bundle",
            "type": "searchset",
            "total": len(found),
            "link": [],
            "entry": [{"resource": one, "search": {"mode": "match"}} for one in found[begin : begin + size]],
        }
        if begin + size < len(found):
            named = {name: value for name, value in params.items() if name != "from"}
            query = "&".join(f"{name}={value}" for name, value in {**named, "from": str(begin + size)}.items())
            base = self.plan.get("other_base", self.base())
            bundle["link"] = [{"relation": "next", "url": f"{base}/{kind}?{query}"}]
        self.send(200, bundle)

    def give_binary(self, name: str) -> None:
        held = [one for one in self.plan["resources"] if (one["resourceType"], one["id"]) == ("Binary", name)]
        if not held:
            self.send(404, outcome("not-found"))
        elif self.plan.get("native"):
            self.send(200, base64.b64decode(held[0]["data"]), {"Content-Type": held[0]["contentType"]})
        else:
            self.send(200, held[0], {"Content-Type": "application/fhir+json"})

    def give_job(self) -> None:
        if self.command == "DELETE":
            self.send(202, {})
            return
        if Double.polled < self.plan.get("polls", 0):
            Double.polled += 1
            self.send(202, {}, {"X-Progress": "half", "Retry-After": "0"})
            return
        kinds = sorted({one["resourceType"] for one in self.plan["resources"]} - set(self.plan.get("unchanged", [])))
        manifest = {
            "transactionTime": "2026-01-01T00:00:00Z",
            "requiresAccessToken": "uses" in self.plan,
            "output": [{"type": kind, "url": f"{self.base()}/file/{kind}"} for kind in kinds],
            "error": [{"type": "OperationOutcome", "url": f"{self.base()}/file/error"}],
            "deleted": [{"type": "Bundle", "url": f"{self.base()}/file/deleted"}],
        }
        self.send(200, manifest)

    def give_file(self, name: str) -> None:
        if name == "error":
            lines: list[Resource] = [outcome("not-found")]
        elif name == "deleted":
            gone = {"request": {"method": "DELETE", "url": "Observation/gone"}}
            lines = [{"resourceType": "Bundle", "type": "transaction", "entry": [gone]}]
        else:
            lines = [one for one in self.plan["resources"] if one["resourceType"] == name]
        content = "".join(json.dumps(one) + "\n" for one in lines).encode()
        self.send(200, content, {"Content-Type": "application/fhir+ndjson"})

    def base(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/fhir"

    def send(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        content = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
        content = content.replace(b"{BASE}", self.base().encode())
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: object) -> None:
        return


def fits(resource: Resource, params: dict[str, str]) -> bool:
    """Whether a resource is among those that the search parameters ask for."""
    if "identifier" in params:
        held = {one["value"] for one in resource.get("identifier", [])}
        return bool(held & {one.rpartition("|")[2] for one in params["identifier"].split(",")})
    if "_id" in params:
        return resource["id"] in params["_id"].split(",")
    wanted = params.get("patient", params.get("subject"))
    subject = resource.get("subject", {}).get("reference", "").rpartition("/")[2]
    changed = resource.get("meta", {}).get("lastUpdated", "9999")
    return (
        wanted is None or subject in [one.rpartition("/")[2] for one in wanted.split(",")]
    ) and changed >= params.get("_lastUpdated", "ge").removeprefix("ge")


def outcome(code: str) -> Resource:
    """An OperationOutcome whose free text names a patient, as real ones do."""
    issue = {"severity": "error", "code": code, "diagnostics": "SYN-0001 Synthetic could not be read"}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def main() -> None:
    """Serve until killed."""
    Double.plan = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    Double.log = Path(sys.argv[2])
    Double.tokens = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), Double)
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
