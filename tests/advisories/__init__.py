"""One file per class of attack: what an attacker has, what he tries, and the reason he is refused with."""
