"""The canary: hidden items are changed and searched for, all the way through the stack."""
