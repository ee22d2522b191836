"""What JSON Schema cannot say of the API."""
import schemathesis


def whole(value):
    """The service takes 1.0 for a fraction, where JSON Schema takes it for an integer."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: whole(each) for name, each in value.items()}
    return [whole(each) for each in value] if isinstance(value, list) else value


@schemathesis.hook
def map_body(context, body):
    return whole(body)


@schemathesis.hook
def before_call(context, case, kwargs):
    """A call that follows another one may get a number of its answer as a header, which is text."""
    for name, value in (case.headers or {}).items():
        if isinstance(value, int):
            case.headers[name] = str(value)
