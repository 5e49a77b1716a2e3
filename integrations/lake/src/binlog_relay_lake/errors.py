"""One class of errors, with a code that programs may look at, and a remedy for people."""

from __future__ import annotations


class LakeError(Exception):
    """What is wrong, where, and what mends it.

    `code`: of the table CODES. `message`: names the place (topic, queue, offset, file). `remedy`: what to do.
    `is_retried`: it may pass by itself, such as a broker that is away.
    """

    def __init__(self, code: str, message: str, remedy: str = "") -> None:
        if code not in CODES:
            raise ValueError(f"no such code: {code}")
        super().__init__(code, message, remedy)
        self.code = code
        self.message = message
        self.remedy = remedy or CODES[code].remedy

    @property
    def is_retried(self) -> bool:
        return CODES[self.code].is_retried

    @property
    def is_of_access(self) -> bool:
        """It is for ever where nothing has worked yet, and may pass where it has: a right that was taken away."""
        return self.code in ("TOPIC_MISSING", "GROUP_MISSING", "TOPIC_UNAUTHORIZED", "TLS_UNVERIFIED")

    @property
    def is_configuration(self) -> bool:
        """Starting again unchanged cannot help."""
        return CODES[self.code].is_configuration

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" + (f" {self.remedy}" if self.remedy else "")


class Code:
    __slots__ = ("is_configuration", "is_retried", "remedy")

    def __init__(self, remedy: str = "", *, is_retried: bool = False, is_configuration: bool = False) -> None:
        self.remedy = remedy
        self.is_retried = is_retried
        self.is_configuration = is_configuration


_COPY_AGAIN = (
    "Rows are missing: have the relay copy the tables again (binlog-relay copy), and begin anew, without the checkpoint"
    " or in a new target."
)

CODES: dict[str, Code] = {
    # RocketMQ
    "NAME_SERVER_UNREACHABLE": Code("Check the address and the network; the port is 9876 by default.", is_retried=True),
    "BROKER_UNREACHABLE": Code(
        "Name server and broker ports must be reachable from here, at the address that the broker announces"
        " (brokerIP1 in broker.conf); the gRPC proxy's port does not do.",
        is_retried=True,
    ),
    "BROKER_BUSY": Code("It is tried again.", is_retried=True),
    "BROKER_ERROR": Code("Look into the broker's log."),
    "TOPIC_MISSING": Code("Check the topic and the name server.", is_configuration=True),
    "GROUP_MISSING": Code(is_configuration=True),
    "TOPIC_UNAUTHORIZED": Code(is_configuration=True),
    "TLS_UNVERIFIED": Code(
        "Give the authority that signed the certificate, and connect by a name that it holds.", is_configuration=True
    ),
    "TOPIC_CLOSED": Code(),
    "OFFSET_GONE": Code(
        "The topic keeps messages for a shorter time than this reader was behind or down. " + _COPY_AGAIN
    ),
    "OFFSET_BEYOND": Code("The topic was made anew, or the broker has lost messages. " + _COPY_AGAIN),
    "BODY_COMPRESSED": Code("Turn off the compression of whatever republishes the relay's messages, or use zlib."),
    "MESSAGE_DAMAGED": Code("Read it from another broker of the group, or copy its table again."),
    # messages
    "MESSAGE_UNREADABLE": Code("Is the topic that of a relay, and of nobody else?"),
    "MESSAGE_UNKNOWN": Code("Use a newer version of this package."),
    "MESSAGE_MARKED": Code(),
    "TOPIC_GAP": Code("Messages are missing in the topic. " + _COPY_AGAIN),
    # programs
    "CONFIG_INVALID": Code(is_configuration=True),
    "TARGET_UNUSABLE": Code(is_configuration=True),
    "TARGET_FAILED": Code("It is tried again.", is_retried=True),
    "TARGET_TAKEN": Code("Let only one lander write to a target.", is_configuration=True),
    "TARGET_HOLE": Code(),
    # tables
    "VALUE_UNFIT": Code("Have zeroDates: text (or null) for dates such as 0000-00-00."),
    "KEY_MISSING": Code("Have withoutKey: log to keep its changes by their ids, or leave the table out."),
    "KEY_CHANGED": Code("Drop the table of the lake and start again; then have the relay copy it (binlog-relay copy)."),
    "TYPE_CHANGED": Code("Drop the table of the lake and merge the whole change log again: one type for all."),
    "TABLE_FOREIGN": Code("Give it another name, or drop it and have the relay copy the table (binlog-relay copy)."),
    "TABLE_TAKEN": Code("Let only one program write to a table.", is_configuration=True),
}
