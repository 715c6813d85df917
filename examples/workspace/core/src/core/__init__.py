"""What all functions of the workspace share."""


def greeting(name):
    return f"Hello, {name}!"
