/** Media types of image content: OCI image-spec media-types.md, and Docker's image manifest v2, schema 2. */
export const MediaType = {
  OciIndex: 'application/vnd.oci.image.index.v1+json',
  OciManifest: 'application/vnd.oci.image.manifest.v1+json',
  OciConfig: 'application/vnd.oci.image.config.v1+json',
  OciLayer: 'application/vnd.oci.image.layer.v1.tar',
  OciLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  OciLayerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  DockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  DockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  DockerConfig: 'application/vnd.docker.container.image.v1+json',
  DockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
  DockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const;

export function isIndex(mediaType: string): boolean { return mediaType === MediaType.OciIndex || mediaType === MediaType.DockerList; }
export function isManifest(mediaType: string): boolean { return mediaType === MediaType.OciManifest || mediaType === MediaType.DockerManifest; }
export function isConfig(mediaType: string): boolean { return mediaType === MediaType.OciConfig || mediaType === MediaType.DockerConfig; }
/** Foreign (non-distributable) layers are fetched from their registry like any other. */
export function isLayer(mediaType: string): boolean {
  return /^application\/vnd\.(?:oci\.image\.layer(?:\.nondistributable)?\.v1\.tar(?:\+gzip|\+zstd)?|docker\.image\.rootfs\.(?:foreign\.)?diff\.tar(?:\.gzip|\.zstd)?)$/.test(mediaType);
}
