"""The dictionaries: what a fuzzer would need too long to find by changing octets.

Sources  the grammars that each target reads: RFC 5321, 5322, 2047, 2231, 2045-2046, 3464, 5965, HTML, our own formats.
"""

HEADER = (
    b'"', b"<", b">", b"@", b",", b";", b":", b"(", b")", b"[", b"]", b"\\", b"\r\n", b"\r\n ", b"\r", b"\n", b"\0",
    b"=?utf-8?q?", b"=?utf-8?B?", b"=?iso-2022-jp?B?GyRC?=", b"=?gb2312?Q?", b"=?utf-7?Q?+AD4-?=", b"?=", b"*0*=",
    b"*1=", b"''", b"utf-8'en'", b"%", b"%00", b"\xff", b"\xed\xa0\x80", b"\xe2\x80\xae", b"\xe2\x80\xa8", b"From: ",
    b"To: ", b"Subject: ", b"Date: ", b"Message-ID: <", b"References: <", b"Content-Type: ", b"name=", b"boundary=",
    b"charset=", b"Group: a@x.test;", b"<@a,@b:c@x.test>", b"xn--", b"[IPv6:", b"e\xcc\x81",
)  # fmt: skip
MIME = (
    *HEADER, b"multipart/mixed", b"multipart/alternative", b"multipart/related", b"multipart/digest",
    b"multipart/signed", b"multipart/encrypted", b"multipart/report", b"text/plain", b"text/html", b"text/calendar",
    b"message/rfc822", b"application/ms-tnef", b"application/pkcs7-mime", b"format=flowed", b"delsp=yes",
    b"\r\n--b\r\n", b"\r\n--b--\r\n", b"boundary=b", b"Content-Transfer-Encoding: ", b"base64", b"quoted-printable",
    b"x-uuencode", b"begin 644 x\r\n", b"\r\nend\r\n", b"Content-Disposition: attachment; filename=", b"=0D=0A", b"=",
    b"charset=utf-16", b"charset=utf-7", b"charset=iso-2022-jp", b"charset=hz", b"\x1b$B", b"\x1b(B", b"~{", b"+AGE-",
    b"BEGIN:VCALENDAR", b"BEGIN:VEVENT", b"DTSTART;TZID=", b"RRULE:FREQ=", b"-----BEGIN PGP MESSAGE-----", b"GIF89a",
    b"PK\x03\x04", b"%PDF-",
)  # fmt: skip
TEXT = (
    b"> ", b">> ", b"\n", b"\n\n", b"-- \n", b"On ", b" wrote:", b"Am ", b" schrieb ", b"-----Original Message-----",
    b"---------- Forwarded message ---------", b"Begin forwarded message:", b"From: ", b"Sent: ", b"To: ",
    b"Subject: ", b"Von: ", b"Gesendet: ", b"Od: ", b"De: ", b"\xd0\x9e\xd1\x82: ", b"a@b.test", b"2026-11-02",
    b"10:00", b"##- reply above -##", b"________________________________", b"Sent from my iPhone", b"\xc2\xa0",
    b"\xe2\x80\x8b", b"*From:*", b"<mailto:", b"[cid:", b"\t", b"|",
)  # fmt: skip
HTML = (
    b"<div>", b"</div>", b"<blockquote>", b"</blockquote>", b"<blockquote type=cite>", b'<div class="gmail_quote">',
    b'<div id="divRplyFwdMsg">', b'<hr tabindex="-1">', b"<table>", b"<tr>", b"<td>", b"<ul>", b"<li>", b"<pre>",
    b"<a href=", b"javascript:", b"data:", b"<img src=cid:", b"<script>", b"</script>", b"<style>", b"<svg>",
    b"<math>", b"<template>", b"<plaintext>", b"<textarea>", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"&amp;", b"&#0;",
    b"&#xD800;", b"&nbsp;", b"onerror=", b'style="', b"expression(", b"url(", b"<o:p>", b"<!--[if mso]>", b"<br>",
    b"<base href=", b"<meta charset=", b"\xc2\xa0",
)  # fmt: skip
FILENAME = (
    b"/", b"\\", b"..", b"%2f", b"%5c", b".exe", b".tar.gz", b"con", b"nul.txt", b"COM1", b"\0", b"\xe2\x80\xae",
    b"\xe2\x80\x8b", b"\xe2\x81\x84", b"\xef\xbc\x8f", b"e\xcc\x81", b"\xed\xa0\x80", b"\xff", b" ", b"\xc2\xad",
)  # fmt: skip
TOKEN = (
    b"t4812-7.a", b"q912.a", b"k", b"[mw:4812-", b"]", b"<mw.4812.root.a", b"@desk.test>", b"[#4812]", b"[Acme#1]",
    b"#", b"\xc4\xb0", b"\xe1\xba\x9e", b"abcdefghijklmnopqrstuvwxyz2",
)  # fmt: skip
REPORT = (
    *MIME, b"report-type=delivery-status", b"report-type=feedback-report", b"message/delivery-status",
    b"message/feedback-report", b"message/disposition-notification", b"message/global-delivery-status",
    b"text/rfc822-headers", b"Reporting-MTA: dns; ", b"Final-Recipient: rfc822; ", b"Original-Recipient: ",
    b"Action: failed", b"Action: delayed", b"Status: 5.1.1", b"Status: 4.4.7", b"Diagnostic-Code: smtp; 550 5.1.1 ",
    b"X-Failed-Recipients: ", b"From: MAILER-DAEMON", b"Return-Path: <>", b"Auto-Submitted: auto-replied",
    b"Auto-Submitted: no", b"Undelivered Mail Returned to Sender", b"Delivery Status Notification (Failure)",
    b"Hi. This is the qmail-send program", b"<a@x.test>:", b"user unknown", b"mailbox full", b"Precedence: bulk",
    b"List-Id: ", b"Out of Office: ", b"Abwesenheitsnotiz: ", b"Feedback-Type: abuse", b"Original-Message-ID: <",
)  # fmt: skip
SMTP = (
    b"\r\n", b"\r\n.\r\n", b"\r\n..", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b".\r\n", b"Received:", b"FROM:<", b"TO:<",
    b"<>", b" SIZE=", b" BODY=8BITMIME", b" SMTPUTF8", b"@a,@b:", b'"', b"\\", b"@desk.test>", b"[127.0.0.1]",
    b"[IPv6:::1]", b"postmaster", b"\0", b"\xff", b"x" * 600,
)  # fmt: skip
COMMANDS = (
    b"#", b"\n#", b"\n", b"#solved", b"#note ", b"#assign ", b"#priority ", b"#snooze ", b"#due ", b"#tag ", b"#merge ",
    b"#split", b"#undo", b"#field ", b"#remind ", b"#away ", b"#cc ", b"#lang ", b"#list ", b"#4812", b"4812 ", b"ana",
    b"piotr", b"+vip", b"-vip", b"high", b"2d", b"tomorrow", b"2026-12-01 09:00", b"morgen 9 Uhr", b"order=AB-12345",
    b"#gel\xc3\xb6st", b"\xd1\x80\xd0\xb5\xd1\x88\xd0\xb5\xd0\xbd\xd0\xbe", b"\xc2\xa0", b"\xc2\xad", b"!", b"?", b".",
    b"> ",
)  # fmt: skip
IMAP = (
    b"\0", b"\0!", b"\r\n", b"* ", b"$ OK done\r\n", b"$ NO ", b"$ BAD ", b"* BYE\r\n", b"+ \r\n",
    b"* OK [UIDVALIDITY 1] x\r\n", b"* OK [PERMANENTFLAGS (\\*)] x\r\n", b"* OK [UIDNEXT 9] x\r\n", b"* 1 EXISTS\r\n",
    b"* SEARCH 7 8\r\n", b"* LIST (\\Noselect) \".\" ", b"INBOX\r\n", b"* 1 FETCH (UID 7 ", b"RFC822.SIZE 5 ",
    b"BODY[]<0> {5}\r\nwords", b"BODY[]<0> NIL", b"BODY[] ", b")\r\n", b"(", b")",
    b'INTERNALDATE "01-Nov-2026 10:00:00 +0000"', b"{99999999}\r\n", b"{-1}\r\n", b"{0}\r\n", b'"', b"\\", b"&AOk-",
    b"&", b"\xff", b"* CAPABILITY IMAP4rev1\r\n", b"* 1 EXPUNGE\r\n", b"* VANISHED 7\r\n", b"99999999999999999999",
)  # fmt: skip
RULES = (
    b"version: 1\n", b"defaults: {team: support}\n", b"teams:\n", b"rules:\n", b"  - id: a\n", b"    on: received\n",
    b"    when: ", b"    do: ", b"all:", b"any:", b"none:", b"subject:", b"{contains: ", b"{matches: ", b"&a ", b"*a",
    b"<<: *a", b"!!python/object:", b"|\n", b">-\n", b"? ", b"- ", b"---\n", b"...\n", b"%YAML 1.1\n", b"\t", b"'",
    b'"', b"[", b"]", b"{", b"}", b"#", b"0x10", b"1e9", b".inf", b"2026-11-02", b"tests:\n", b"lists:\n",
    b"limits:\n", b"ack: 1 per 1h\n", b"(a+)+$", b"(?i)", b"\\d{1000}",
)  # fmt: skip
