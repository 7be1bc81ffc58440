"""However many look at once, Redis is asked once, also while it does not answer."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from monitoring.conf import Config, get_config
from monitoring.jobs import sight

LOOKERS = 4


@pytest.mark.usefixtures("redis_client")
def test_those_who_look_at_once_see_the_same() -> None:
    sight.forget()
    with ThreadPoolExecutor(LOOKERS) as pool:
        seen = [future.result() for future in [pool.submit(sight.look, get_config()) for _ in range(LOOKERS)]]
    assert all(one is seen[0] for one in seen)


def test_a_redis_that_does_not_answer_is_waited_for_once() -> None:
    sight.forget()
    with socket.create_server(("127.0.0.1", 0)) as server:
        config = Config(redis_url=f"redis://127.0.0.1:{server.getsockname()[1]}/0")
        with ThreadPoolExecutor(LOOKERS) as pool:
            looks = [pool.submit(sight.look, config) for _ in range(LOOKERS)]
            assert all(isinstance(look.exception(), redis.RedisError) for look in looks)
        server.settimeout(0.2)
        server.accept()[0].close()
        with pytest.raises(TimeoutError):
            server.accept()
    sight.forget()
