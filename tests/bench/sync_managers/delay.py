"""delay.py PORT MILLISECONDS: a proxy to 127.0.0.1:PORT that adds a round trip of so long; prints its own port.

Whatever is sent arrives half the round trip later, however much is under way meanwhile: it delays and does not slow down.
"""

import asyncio
import socket
import sys

port, one_way = int(sys.argv[1]), float(sys.argv[2]) / 2000


async def carry(reader, writer):
    loop = asyncio.get_running_loop()
    while data := await reader.read(1 << 18):
        loop.call_later(one_way, writer.write, data)
    loop.call_later(one_way, writer.close)


async def serve(reader, writer):
    there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
    for end in (writer, there_writer):
        end.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    await asyncio.gather(carry(reader, there_writer), carry(there_reader, writer), return_exceptions=True)


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
