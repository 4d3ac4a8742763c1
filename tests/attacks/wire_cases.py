"""What hostile and broken clients send, to a listener by itself and to the whole service; ours is service@desk.test."""

INNER = (
    b"MAIL FROM:<ceo@desk.test>\r\nRCPT TO:<service@desk.test>\r\nDATA\r\n"
    b"From: ceo@desk.test\r\nSubject: SMUGGLED\r\n\r\nhi\r\n.\r\n"
)
# Ends that some server somewhere takes for the end of a mail. True: nothing but CRLF line ends in it.
LOOK_ALIKES = {
    "lf.lf": (b"\n.\n", False),
    "lf.crlf": (b"\n.\r\n", False),
    "crlf.lf": (b"\r\n.\n", False),
    "cr.cr": (b"\r.\r", False),
    "cr.crlf": (b"\r.\r\n", False),
    "crlf.cr": (b"\r\n.\r", False),
    "crlf.crcrlf": (b"\r\n.\r\r\n", False),
    "crcrlf.crlf": (b"\r\r\n.\r\r\n", False),
    "nul.": (b"\r\n\x00.\r\n", True),
    ".nul": (b"\r\n.\x00\r\n", True),
    "lfcr.lfcr": (b"\n\r.\n\r", False),
    "vt.ff": (b"\x0b.\x0c", True),
    "nel.nel": (b"\xc2\x85.\xc2\x85", True),
    "ls.ls": (b"\xe2\x80\xa8.\xe2\x80\xa8", True),
    ".space": (b"\r\n. \r\n", True),
    ".tab": (b"\r\n.\t\r\n", True),
}
# NUL and CR inside a command.
CONTROLS = [
    b"NO\x00OP",
    b"MAIL FROM:<a\x00@b.test>",
    b"MAIL FROM:<a@b.test>\rRCPT TO:<service@desk.test>",
    b"NOOP\r",
    b"\x16\x03\x01\0",
]
WEB_REQUESTS = [b"POST / HTTP/1.1", b"get / HTTP/1.0", b"CONNECT desk.test:25 HTTP/1.1"]
# Arguments of RCPT TO and MAIL FROM with the reply that each gets.
RECIPIENTS = [
    (b"<>", b"501 5.1.3"),
    (b"<service@desk.test", b"501 5.1.3"),
    (b"service@desk.test>", b"501 5.1.3"),
    (b"service@desk.test", b"501 5.1.3"),
    (b"<<service@desk.test>>", b"501 5.1.3"),
    (b"<@relay:service@desk.test>", b"501 5.1.3"),
    (b"<@relay.test,@other.test:service@desk.test>", b"501 5.1.3"),
    (b"<a@b@desk.test>", b"501 5.1.3"),
    (b"<service@desk.test,evil@x.test>", b"501 5.1.3"),
    (b"<desk(comment)@desk.test>", b"501 5.1.3"),
    (b'<"x@evil.test>\\""@desk.test>', b"550 5.1.1"),
    (b'<"a b"@desk.test>', b"550 5.1.1"),
    (b"<desk@[127.0.0.1]>", b"550 5.1.1"),
    (b"<victim@elsewhere.test>", b"550 5.1.1"),
    (b"<nobody@desk.test>", b"550 5.1.1"),
    (b"<desk%elsewhere.test@desk.test>", b"550 5.1.1"),
    (b"<=?utf-8?q?x=40evil=2Etest?=@desk.test>", b"550 5.1.1"),
    (b"<postmaster>", b"550 5.1.1"),
    (b"<" + b"a" * 300 + b"@desk.test>", b"501 5.1.3"),
    (b"<service@desk.test> NOTIFY=NEVER", b"555 5.5.4"),
    (b"<service@desk.test> ORCPT=rfc822;a@b", b"555 5.5.4"),
    (b" <service@desk.test>", b"250 2.1.5"),
    (b"<Service@DESK.test>", b"250 2.1.5"),
    ("<jürgen@desk.test>".encode(), b"553 5.6.7"),
    (b"<j\xff\xfe@desk.test>", b"501 5.5.2"),
]
REVERSE_PATHS = [
    (b"<a@b.test> SIZE=999999", b"250 2.1.0"),
    (b"<a@b.test> SIZE=99999999999", b"552 5.3.4"),
    (b"<a@b.test> SIZE=" + b"9" * 3000, b"501 5.5.4"),
    (b"<a@b.test> SIZE=-1", b"501 5.5.4"),
    ("<a@b.test> SIZE=٣".encode(), b"501 5.5.4"),
    (b"<a@b.test> size=10 BODY=8BITMIME SMTPUTF8", b"250 2.1.0"),
    (b"<a@b.test> BODY=BINARYMIME", b"501 5.5.4"),
    (b"<a@b.test> RET=FULL", b"555 5.5.4"),
    (b"<a@b.test> SMTPUTF8=1", b"501 5.5.4"),
    ("<jürgen@büro.test> SMTPUTF8".encode(), b"250 2.1.0"),
    ("<jürgen@büro.test>".encode(), b"553 5.6.7"),
    (b"<j\xff\xfe@b.test> SMTPUTF8", b"501 5.5.2"),
    (b'<"odd \\" one"@b.test>', b"250 2.1.0"),
    (b"<a@[IPv6:::1]>", b"250 2.1.0"),
    (b"<bounce+SRS0=ab/cd=x=y.test=z@b.test>", b"250 2.1.0"),
    (b"<a@b.test>x", b"501 5.1.7"),
    (b"<a\x1b[2J@b.test>", b"501 5.1.7"),
    (b"a@b.test", b"501 5.1.7"),
    (b"", b"501 5.1.7"),
]
