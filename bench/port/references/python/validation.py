"""Checks of what comes in: numbers with check digits, addresses, versions, passwords."""


def luhn_valid(number: str) -> bool:
    """Whether the check digit of a card's number is right."""
    total = 0
    count = 0
    for ch in reversed(number):
        if ch == " ":
            continue
        if ch < "0" or ch > "9":
            return False
        digit = int(ch)
        if count % 2 == 1:
            digit *= 2
            if digit > 9:
                digit -= 9
        total += digit
        count += 1
    return count > 1 and total % 10 == 0


def isbn13_valid(isbn: str) -> bool:
    """Whether the check digit of an ISBN is right."""
    digits = isbn.replace("-", "")
    if len(digits) != 13:
        return False
    total = 0
    for i, ch in enumerate(digits):
        if ch not in "0123456789":
            return False
        total += int(ch) * (3 if i % 2 else 1)
    return total % 10 == 0


def parse_ipv4(address: str) -> int:
    """An address as a number."""
    parts = address.split(".")
    if len(parts) != 4:
        raise ValueError(f"not an address: {address}")
    value = 0
    for part in parts:
        if not part.isdigit() or int(part) > 255:
            raise ValueError(f"not a byte: {part}")
        value = value * 256 + int(part)
    return value


def in_network(address: str, network: str) -> bool:
    """Whether an address belongs to a network such as 10.0.0.0/8."""
    base, _, bits = network.partition("/")
    shift = 32 - int(bits)
    return parse_ipv4(address) >> shift == parse_ipv4(base) >> shift


def compare_versions(left: str, right: str) -> int:
    """-1, 0 or 1 as the left version is older, as old or newer."""
    a = [int(part) for part in left.split(".")]
    b = [int(part) for part in right.split(".")]
    for i in range(max(len(a), len(b))):
        x = a[i] if i < len(a) else 0
        y = b[i] if i < len(b) else 0
        if x != y:
            return -1 if x < y else 1
    return 0


def balanced(text: str) -> bool:
    """Whether every bracket is closed in order."""
    pairs = {")": "(", "]": "[", "}": "{"}
    stack: list[str] = []
    for ch in text:
        if ch in "([{":
            stack.append(ch)
        elif ch in pairs and (not stack or stack.pop() != pairs[ch]):
            return False
    return not stack


def password_problems(password: str) -> list[str]:
    """What is wrong with a password."""
    problems: list[str] = []
    if len(password) < 12:
        problems.append("too short")
    if not any(ch.isdigit() for ch in password):
        problems.append("no digit")
    if not any(ch.isupper() for ch in password):
        problems.append("no capital")
    if not any(ch.islower() for ch in password):
        problems.append("no small letter")
    if all(ch.isalnum() for ch in password):
        problems.append("no mark")
    return problems


def checksum(text: str) -> int:
    """A checksum of the characters, after Fletcher."""
    low = 1
    high = 0
    for ch in text:
        low = (low + ord(ch)) % 65521
        high = (high + low) % 65521
    return high * 65536 + low


def valid_names(names: list[str]) -> list[str]:
    """Those that can name a variable: a letter, then letters, digits and underscores."""
    valid: list[str] = []
    for name in names:
        if not name or not (name[0].isalpha() or name[0] == "_"):
            continue
        if all(ch.isalnum() or ch == "_" for ch in name):
            valid.append(name)
    return valid
