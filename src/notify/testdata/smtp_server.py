"""A real SMTP server (Debian's aiosmtpd) for the tests, and Python's e-mail parser as the judge of MIME.

smtp_server.py FOLDER [--tls] [--smtps] [--login USER:PASSWORD]

Writes FOLDER/port, then for each mail that it took FOLDER/<n>.json (as Python's parser understands it)
and <n>.eml (the bytes). What it does with a recipient is said by the recipient:
refuse-550@, later-451@: at RCPT TO; full-552@: after the mail; deaf@: closes without an answer.
The key of --tls is FOLDER/key.pem, its certificate FOLDER/certificate.pem.
"""
import argparse
import asyncio
import email
import email.policy
import hashlib
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


def part(message):
    """One leaf of the message."""
    content = message.get_payload(decode=True)
    found = {"type": message.get_content_type(), "filename": message.get_filename(), "sha256": hashlib.sha256(content).hexdigest(),
             "disposition": message.get_content_disposition()}
    if message.get_content_maintype() == "text":
        found["text"] = message.get_content().replace("\r\n", "\n")
        found["charset"] = message.get_content_charset()
    return found


def judged(raw, envelope, session):
    message = email.message_from_bytes(raw, policy=email.policy.default)
    leaves = [m for m in message.walk() if not m.is_multipart()]
    return {
        "from": envelope.mail_from, "to": envelope.rcpt_tos, "tls": session.ssl is not None,
        "login": getattr(session, "auth_data", None) is not None, "peer_port": session.peer[1],
        "headers": [[name, str(value)] for name, value in message.items()],
        "defects": [type(d).__name__ for m in message.walk() for d in m.defects]
                   + [type(d).__name__ for m in message.walk() for _, v in m.items() for d in getattr(v, "defects", ())],
        "structure": [m.get_content_type() for m in message.walk()],
        "parts": [part(m) for m in leaves],
        "longest_line": max(len(line) for line in raw.split(b"\r\n")),
        "ascii": raw.isascii(),
    }


class Handler:
    def __init__(self, folder):
        self.folder = folder
        self.count = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        for name, answer in (("refuse-550@", "550 5.1.1 no such person here"), ("later-451@", "451 4.7.1 greylisted, try later")):
            if address.startswith(name):
                return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        to = envelope.rcpt_tos[0]
        if to.startswith("full-552@"):
            return "552 5.2.2 the mailbox is full"
        self.count += 1
        raw = envelope.original_content
        path = os.path.join(self.folder, str(self.count))
        with open(path + ".eml", "wb") as file:
            file.write(raw)
        with open(path + ".tmp", "w", encoding="utf-8") as file:
            json.dump(judged(raw, envelope, session), file)
        os.rename(path + ".tmp", path + ".json")
        if to.startswith("deaf@"):
            server.transport.abort()
        return "250 taken"


async def main():
    options = argparse.ArgumentParser()
    options.add_argument("folder")
    options.add_argument("--tls", action="store_true")
    options.add_argument("--smtps", action="store_true")
    options.add_argument("--login")
    asked = options.parse_args()

    context = None
    if asked.tls or asked.smtps:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(os.path.join(asked.folder, "certificate.pem"), os.path.join(asked.folder, "key.pem"))

    def authenticate(server, session, envelope, mechanism, data):
        user, password = asked.login.split(":")
        good = isinstance(data, LoginPassword) and data.login == user.encode() and data.password == password.encode()
        return AuthResult(success=good, auth_data=data if good else None, handled=False)

    handler = Handler(asked.folder)
    more = {}
    if asked.tls:
        more |= {"tls_context": context, "require_starttls": True}
    if asked.login:
        more |= {"authenticator": authenticate, "auth_required": True, "auth_require_tls": not asked.smtps}
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(handler, hostname="localhost", enable_SMTPUTF8=True, **more), "127.0.0.1", 0, ssl=context if asked.smtps else None)
    with open(os.path.join(asked.folder, "port.tmp"), "w", encoding="ascii") as file:
        file.write(str(server.sockets[0].getsockname()[1]))
    os.rename(os.path.join(asked.folder, "port.tmp"), os.path.join(asked.folder, "port"))
    await server.serve_forever()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
