// Every case that both JavaScript SDKs have to stand, subject by subject.

export { accessCases } from './cases/access.mjs';
export { completeCases } from './cases/complete.mjs';
export { conditionCases } from './cases/conditions.mjs';
export { copyCases } from './cases/copy.mjs';
export { errorCases } from './cases/errors.mjs';
export { listingCases } from './cases/listing.mjs';
export { metadataCases } from './cases/metadata.mjs';
export { moveCases } from './cases/move.mjs';
export { multipartInitCases } from './cases/multipart-init.mjs';
export { partCopyCases } from './cases/part-copy.mjs';
export { sliceCopyCases } from './cases/slice-copy.mjs';
export { storageClassCases } from './cases/storage-class.mjs';
export { versionCases } from './cases/versions.mjs';
