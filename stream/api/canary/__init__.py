"""The canary: hidden items are changed and searched for, through the whole stack. How ids hide them is in `schemas`."""
