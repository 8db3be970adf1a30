"""Does one thing with a mailbox, with Python's standard library only. The order comes as JSON on standard input."""
import base64
import email
import email.policy
import email.utils
import imaplib
import json
import re
import smtplib
import ssl
import sys
import time

order = json.load(sys.stdin)
tls = ssl.create_default_context(cafile=order["ca"])


def mailbox():
    client = imaplib.IMAP4("localhost", order["imap_port"], timeout=30)
    client.starttls(tls)
    client.login(order["user"], order["password"])
    return client


def good(answer):
    status, data = answer
    if status != "OK":
        sys.exit(f"IMAP said {status}: {data}")
    return data


def send():
    with smtplib.SMTP("localhost", order["smtp_port"], local_hostname="customer.test", timeout=30) as client:
        client.starttls(context=tls)
        client.login(order["user"], order["password"])
        refused = client.sendmail(order["from"], order["to"], base64.b64decode(order["raw"]))
        if refused:
            sys.exit(f"SMTP refused {refused}")


def append():
    client = mailbox()
    folder = f'"{order["folder"]}"'
    client.create(folder)  # Refused when it is there already, which is fine.
    for letter in order["letters"]:
        came = letter["internal_date_ms"] / 1000
        raw = base64.b64decode(letter["raw"])
        if "date" not in email.message_from_bytes(raw):
            raw = f"Date: {email.utils.formatdate(came)}\r\n".encode() + raw
        good(client.append(folder, " ".join(letter["flags"]), imaplib.Time2Internaldate(came), raw))
    client.logout()


def read():
    client = mailbox()
    good(client.select(f'"{order["folder"]}"', readonly=True))
    letters = []
    for part in good(client.uid("FETCH", "1:*", "(UID FLAGS BODY.PEEK[])")):
        if not isinstance(part, tuple):
            continue
        about, raw = part
        message = email.message_from_bytes(raw, policy=email.policy.default)
        headers = {}
        for name, value in message.items():
            headers.setdefault(name.lower(), []).append(str(value))
        body = message.get_body(preferencelist=("plain",))
        letters.append(
            {
                "uid": int(re.search(rb"UID (\d+)", about).group(1)),
                "flags": re.search(rb"FLAGS \(([^)]*)\)", about).group(1).decode().split(),
                "headers": headers,
                "text": body.get_content() if body else "",
                "attachments": [part.get_filename() or "" for part in message.iter_attachments()],
            }
        )
    client.logout()
    json.dump(letters, sys.stdout)


def count():
    client = mailbox()
    print(int(good(client.select(f'"{order["folder"]}"', readonly=True))[0]))
    client.logout()


def expunge():
    client = mailbox()
    good(client.select(f'"{order["folder"]}"'))
    good(client.uid("STORE", order["uids"], "+FLAGS.SILENT", r"(\Deleted)"))
    good(client.expunge())
    client.logout()


def flag():
    client = mailbox()
    good(client.select(f'"{order["folder"]}"'))
    good(client.uid("STORE", order["uids"], "FLAGS", f'({" ".join(order["flags"])})'))
    client.logout()


def rename():
    client = mailbox()
    for folder, to in order["names"]:
        good(client.rename(f'"{folder}"', f'"{to}"'))
    client.logout()


def push():
    """Files letters one after the other, and says when a second connection was told of each, in milliseconds since 1970."""
    watcher = mailbox()
    good(watcher.select("INBOX"))
    watcher.send(b"PUSH IDLE\r\n")
    while not watcher.readline().startswith(b"+"):
        pass
    writer = mailbox()
    told = []
    for letter in order["letters"]:
        came = time.time()
        good(writer.append("INBOX", "", imaplib.Time2Internaldate(came), base64.b64decode(letter)))
        while b"EXISTS" not in watcher.readline():
            pass
        told.append(time.time() * 1000)
        time.sleep(order["pause_ms"] / 1000)
    writer.logout()
    json.dump(told, sys.stdout)


orders = [send, append, read, count, expunge, flag, rename, push]
next(one for one in orders if one.__name__ == order["do"])()
