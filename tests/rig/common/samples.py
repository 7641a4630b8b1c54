"""What spam and virus scanners agree to take for spam and for a virus, harmless both.

SPDX-License-Identifier: GPL-2.0-or-later
"""

GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n"
# Found by the signature in eicar.ndb: no database of ClamAV's makers is needed.
EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*\r\n"
