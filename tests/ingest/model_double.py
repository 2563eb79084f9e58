"""A test double of a language model behind an OpenAI-compatible address, a process of its own.

It is no model: it answers POST .../chat/completions with the shape of OpenAI's API reference, and proposes what is
written here for letters that hold the words.

Usage: python model_double.py; prints its port.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

PROPOSALS = [
    {"fact": "hospice", "value": "hospice", "unit": None, "quote": "Pflege im Haus am See"},
    {"fact": "metastasis_site", "value": "bone", "unit": None, "quote": "keine Herde im Gebein"},
    {"fact": "psa", "value": "12.5", "unit": "ng/ml", "quote": "Marker bei 12,5 ng/ml"},
    {"fact": "psa", "value": "99", "unit": "ng/ml", "quote": "Marker bei 12,5 ng/ml"},
    {"fact": "death", "value": "died", "unit": None, "quote": "words that the letter does not hold"},
    {"fact": "mood", "value": "good", "unit": None, "quote": "Marker"},
    {"fact": "ecog", "value": "1", "unit": None, "quote": "ECOG 1"},
]


class Completions(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        letter = asked["messages"][-1]["content"]
        if not self.path.endswith("/v1/chat/completions") or asked["model"] != "small":
            self.send_error(404)
            return
        text = json.dumps({"facts": PROPOSALS}) if "Marker" in letter else "I cannot help with that."
        answer = {"object": "chat.completion", "choices": [{"message": {"role": "assistant", "content": text}}]}
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    server = HTTPServer(("127.0.0.1", 0), Completions)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()
